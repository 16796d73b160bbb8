import type { JobSpec } from '../../config/job-spec.ts';
import { type EnginePlan, ONNX_RUNTIME, TREE_ENGINE_VERSION } from '../../core/engine.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { DraftPlan, Plan } from '../../core/plan.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { DEFAULT_BATCH_SIZE } from '../../tuning/choose-batch-size.ts';
import { isOnWantedDevice } from './device-of-run.ts';

/**
 * Whether an earlier run of the same identity was computed by an engine that the job wants now. Both give the same
 * bits; but who asks for ONNX Runtime does not want what another engine made, and of the tree engine only this
 * version counts.
 */
export function isOnWantedEngine(run: RunSummary, { execution }: Pick<JobSpec, 'execution'>): boolean {
  const { name, version } = run.plan?.engine ?? run.record?.engine ?? ONNX_RUNTIME;
  if (name === 'trees') return execution.engine !== 'onnxruntime' && version === TREE_ENGINE_VERSION;
  return execution.engine !== 'trees';
}

/** Whether an earlier run of the same identity was computed as the job wants it now. */
export function isWantedBy(spec: Pick<JobSpec, 'execution'>, run: RunSummary): boolean {
  return isOnWantedDevice(run, spec) && isOnWantedEngine(run, spec);
}

export interface EngineRequest {
  readonly draft: DraftPlan;
  /** Where the run is computed; `auto` counts as the CPU, on which trees end. */
  readonly device: Plan['device'];
  /** Compares the engines in a worker. */
  readonly compare: (plan: Plan) => Promise<EnginePlan>;
  /** For a run that has to go on, a worker that ended is a reason like another. */
  readonly signal: AbortSignal;
}

/** The engine of a new run. Throws `ENGINE_UNAVAILABLE` where the job asks for trees and cannot have them. */
export async function chooseEngine(request: EngineRequest): Promise<EnginePlan> {
  const { draft } = request;
  if (draft.engine === 'onnxruntime') return ONNX_RUNTIME;
  const chosen = await engineOrWhy(request);
  if (draft.engine === 'auto' || chosen.name === 'trees') return chosen;
  throw new ServeBatchError(
    'ENGINE_UNAVAILABLE',
    `The tree engine cannot compute ${draft.model.path} as ONNX Runtime does: ${chosen.why}. Use engine: auto, which falls back to ONNX Runtime.`,
    { fields: { model: draft.model.path, engine: 'trees' } },
  );
}

async function engineOrWhy({ draft, device, compare, signal }: EngineRequest): Promise<EnginePlan> {
  if (device.name !== 'cpu') return { ...ONNX_RUNTIME, why: `the model is computed on ${device.name}` };
  // Its sums of parts of the trees round otherwise.
  if (draft.threads > 1) return { ...ONNX_RUNTIME, why: `a call has ${draft.threads} threads` };
  try {
    return await compare({ ...draft, device, engine: ONNX_RUNTIME, batchSize: DEFAULT_BATCH_SIZE });
  } catch (error) {
    signal.throwIfAborted();
    const isLost = error instanceof ServeBatchError && error.code === 'CHILD_DIED';
    if (!isLost || draft.engine === 'trees') throw error;
    return { ...ONNX_RUNTIME, why: `comparing the engines failed: ${error.message}` };
  }
}
