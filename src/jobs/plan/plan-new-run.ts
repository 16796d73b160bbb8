import { withoutBounds } from '../../core/accuracy.ts';
import type { EnginePlan } from '../../core/engine.ts';
import { removeFolder as removeFolderOf } from '../../core/files/durable-file.ts';
import type { DevicePlan } from '../../core/machine/device.ts';
import type { DraftPlan, Plan, PlanOnDevice } from '../../core/plan.ts';
import type { InputFormat } from '../../core/table.ts';
import { chooseDevice } from '../../devices/choose-device.ts';
import { probeModel } from '../../devices/probe-model.ts';
import { surroundings } from '../../inference/devices/surroundings.ts';
import { readOnnxFile } from '../../inference/onnx/read-onnx-file.ts';
import { writeTakenFiles } from '../../runs/incremental/taken-files.ts';
import { type RunPaths, runPaths } from '../../runs/layout.ts';
import { writePlan } from '../../runs/plan/plan-file.ts';
import { planVersions } from '../../runs/record/versions.ts';
import { sameFileNotes } from '../../source/files/one-of-each.ts';
import { takenAfter } from '../../source/incremental/new-files.ts';
import { settleBatchSize } from '../../tuning/settle-batch-size.ts';
import { type NothingNew, nothingNew } from '../incremental/nothing-new.ts';
import { hasNoRows } from '../incremental/take-new.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { processesOf } from '../limits/processes.ts';
import type { LockedRun } from '../lock/locked-run.ts';
import { draftPlan } from './draft-plan.ts';
import { chooseEngine } from './engine-of-run.ts';

/** Formats that are copied into typed Parquet first. */
const COPIED: ReadonlySet<InputFormat> = new Set(['csv', 'json', 'arrow']);

export interface NewRunRequest extends LockedRun {
  readonly runId: string;
  readonly startedAt: Date;
}

export interface PlannedRun {
  readonly plan: Plan;
  /** What the typed copy of the input took; 0: none was made. */
  readonly stagingSeconds: number;
}

/**
 * Plans a run and writes the plan: takes what is new of an input that grows, looks at input and model, chooses
 * the device and the engine, and settles the batch size. Whatever ends it, no folder is left behind.
 */
export async function planNewRun(request: NewRunRequest): Promise<PlannedRun | NothingNew> {
  const { incremental, options } = request;
  const paths = pathsOf(request);
  const { clock, log } = options.effects;
  const startMs = clock.monotonicMs();
  try {
    const draft = await draftOf(request);
    if (draft === null) return await leaveNothing(request);
    const stagingSeconds = draft.input.staged ? (clock.monotonicMs() - startMs) / 1000 : 0;
    const device = await deviceOf(request, draft);
    const engine = await engineOf(request, draft, device);
    const plan = await withBatchSize(request, {
      ...{ ...draft, device, engine },
      versions: planVersions(),
      workingFolder: process.cwd(),
    });
    if (incremental !== null && incremental.files !== null)
      await writeTakenFiles(paths, await takenAfter(incremental.takenFiles, incremental.files.fresh));
    await writePlan(paths, plan, options.mask);
    for (const note of sameFileNotes(plan.input.sources)) log.warn(note);
    for (const { name, reason } of plan.model.signature.skippedOutputs)
      log.warn(`the model output "${name}" is not stored: it is ${reason}`, { output: name });
    if (plan.intervals !== undefined && plan.intervals.why !== null)
      log.warn(`${withoutBounds(plan.intervals)}: ${plan.intervals.why}`);
    for (const warning of plan.model.warnings) log.warn(warning, { model: plan.model.path });
    return { plan, stagingSeconds };
  } catch (error) {
    if (incremental !== null && hasNoRows(error, incremental)) return await leaveNothing(request);
    // Without a plan there is nothing to continue.
    await removeFolder(request);
    throw error;
  }
}

/** Null: the input has not grown. */
function draftOf(request: NewRunRequest): Promise<DraftPlan | null> {
  const { identified, incremental, startedAt, options } = request;
  const { spec, effects, drain } = options;
  const readsAtOnce = COPIED.has(identified.format) || incremental?.spec.kind === 'column';
  effects.progress.update({ stage: readsAtOnce ? 'stage input' : 'plan', runId: request.runId });
  const createdAt = startedAt.toISOString();
  return draftPlan({
    ...request,
    spec,
    createdAt,
    log: effects.log,
    ...(drain === undefined ? {} : { drain }),
  });
}

async function leaveNothing(request: NewRunRequest): Promise<NothingNew> {
  const { incremental, options } = request;
  await removeFolder(request);
  if (incremental === null) throw new TypeError('The job takes its whole input');
  return nothingNew(options.spec.name, incremental);
}

async function removeFolder(request: NewRunRequest): Promise<void> {
  if (await request.lock.isHeld()) await removeFolderOf(pathsOf(request).folder);
}

function pathsOf({ folder, runId }: NewRunRequest): RunPaths {
  return runPaths(folder, runId);
}

function deviceOf(request: NewRunRequest, draft: DraftPlan): Promise<DevicePlan> {
  const { spec, effects, signal } = request.options;
  const memoryLimit = memoryLimitOf(spec);
  return chooseDevice({
    draft,
    here: surroundings(),
    operators: async () => (await readOnnxFile(draft.model.path)).operators,
    probe: (device, rows) =>
      probeModel(device, draft, { temporaryFolder: pathsOf(request).temp, memoryLimit, rows }, signal),
    processes: processesOf(spec),
    log: effects.log,
  });
}

function engineOf(request: NewRunRequest, draft: DraftPlan, device: DevicePlan): Promise<EnginePlan> {
  const { workers, options } = request;
  const memoryLimit = memoryLimitOf(options.spec);
  return chooseEngine({
    draft,
    device,
    compare: (plan) => workers.run('choose-engine', { plan, memoryLimit }),
    signal: options.signal,
  });
}

function withBatchSize(request: NewRunRequest, draft: PlanOnDevice): Promise<Plan> {
  const { folder: folderOfJob, workers, options } = request;
  const { clock, log } = options.effects;
  const memoryLimit = memoryLimitOf(options.spec);
  return settleBatchSize({
    draft,
    folderOfJob,
    // A child that dies of it is not given it again: the shards will say why.
    measure: (plan) => workers.run('measure-batches', { plan, memoryLimit }),
    now: () => clock.now(),
    log,
    signal: options.signal,
  });
}
