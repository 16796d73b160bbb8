import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChildren } from '../../children/child-processes.ts';
import type { BoundJob } from '../../config/job-spec.ts';
import type { Effects } from '../../core/effects.ts';
import type { Estimate } from '../../core/estimate.ts';
import { CPU } from '../../core/machine/device.ts';
import type { DraftOnEngine, Plan } from '../../core/plan.ts';
import { assertDevicePossible } from '../../inference/devices/device-errors.ts';
import { surroundings } from '../../inference/devices/surroundings.ts';
import { findRunByIdentity } from '../../runs/list/earlier-runs.ts';
import { readPlanIndex } from '../../runs/list/plan-index.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { newRunId } from '../../runs/run-id.ts';
import type { OwnedWorkers, StartWorkers, Workers } from '../../tasks/workers.ts';
import { DEFAULT_BATCH_SIZE } from '../../tuning/choose-batch-size.ts';
import { knownBatchSize } from '../../tuning/settle-batch-size.ts';
import { estimateRun } from '../estimate/estimate-run.ts';
import { type IncrementalStart, startIncremental } from '../incremental/incremental-start.ts';
import { type NothingNew, nothingNew } from '../incremental/nothing-new.ts';
import { hasNoRows } from '../incremental/take-new.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { assertFilePossible } from '../publish/single-file.ts';
import { type EarlierOf, isEarlier } from './decide-run.ts';
import { draftPlan } from './draft-plan.ts';
import { chooseEngine } from './engine-of-run.ts';
import { identifyRun } from './identify-run.ts';
import { folderOfJob, storeUrlOf } from './locations.ts';
import { spoolStandardInput } from './spool-input.ts';

/** A plan, with an estimate of its time and size; null: unknown. */
export interface PlannedJob extends DraftOnEngine {
  readonly estimate: Estimate | null;
}

export type PlanJobResult = PlannedJob | NothingNew;

/**
 * What a run would do. It writes nothing: the typed copy of a text input goes to a temporary folder. It measures
 * nothing either: a batch size that the run would measure is `auto`.
 */
export async function planOnly(options: {
  readonly spec: BoundJob;
  readonly effects: Effects;
  readonly signal: AbortSignal;
  /** Read where an input path is `-`. */
  readonly stdin?: NodeJS.ReadableStream;
  /** Who does the work; it is ended with the call. Default: child processes. */
  readonly startWorkers?: StartWorkers;
  /** Of an input that grows: everything, whatever was taken before. */
  readonly full?: boolean;
}): Promise<PlanJobResult> {
  const { effects, signal, startWorkers = startChildren } = options;
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-plan-'));
  // The run that is only planned lies in a folder of its own, which is deleted.
  const workers = startWorkers({ size: 1, place: { folder, storeUrl: null }, signal });
  const now = effects.clock.now();
  const startMs = effects.clock.monotonicMs();
  let start: IncrementalStart | null = null;
  const ofJob: OwnedWorkers[] = [];
  const inFolderOf = (spec: BoundJob): Workers => {
    if (spec.intervals === null) return workers;
    const place = { folder: folderOfJob(spec), storeUrl: null };
    ofJob.push(startWorkers({ size: 1, place, signal }));
    return ofJob[0] ?? workers;
  };
  try {
    const spec = await spoolStandardInput(options.spec, folder, options);
    await assertFilePossible(spec);
    const found = await identifyRun(spec);
    await assertDevicePossible(spec.execution.device, spec.model.path, surroundings());
    start = await startIncremental({
      ...{ spec, identified: found, folderOfJob: folderOfJob(spec), effects },
      index: await readPlanIndex(folderOfJob(spec)),
      full: options.full === true,
    });
    const draft = await draftPlan({
      ...{ runId: newRunId(now), createdAt: now.toISOString(), spec, workers, log: effects.log },
      workersOfJob: inFolderOf(spec),
      identified: start?.identified ?? found,
      incremental: start,
      storeUrl: storeUrlOf(spec),
    });
    if (draft === null && start !== null) return nothingNew(spec.name, start);
    if (draft === null) throw new TypeError('The job takes its whole input');
    const { name } = draft.device;
    const engine = await chooseEngine({
      draft,
      // Trees end on the CPU, where auto looks for a device.
      device: name === 'auto' ? CPU : { ...CPU, name },
      compare: (plan) => workers.run('choose-engine', { plan, memoryLimit: memoryLimitOf(spec) }),
      signal,
    });
    const planned = { ...draft, engine };
    const batchSize = await knownBatchSize(planned, folderOfJob(spec));
    const plan: Plan = {
      ...planned,
      batchSize: batchSize === 'auto' ? DEFAULT_BATCH_SIZE : batchSize,
      device: { ...CPU, name: name === 'auto' ? 'cpu' : name },
    };
    const estimate = await estimateRun({
      ...{ plan, spec, folderOfJob: folderOfJob(spec), clock: effects.clock, log: effects.log, signal },
      elapsed: (effects.clock.monotonicMs() - startMs) / 1000,
      sample: () => workers.run('score-sample', { plan, memoryLimit: memoryLimitOf(spec) }),
    });
    return { ...planned, batchSize, estimate };
  } catch (error) {
    if (start !== null && hasNoRows(error, start)) return nothingNew(options.spec.name, start);
    throw error;
  } finally {
    await Promise.all([workers, ...ofJob].map((each) => each.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** The run that a run with this plan would continue or find done. */
export async function earlierRun(
  options: EarlierOf,
  { identity }: Pick<DraftOnEngine, 'identity'>,
): Promise<RunSummary | undefined> {
  const folder = folderOfJob(options.spec);
  return findRunByIdentity(folder, await readPlanIndex(folder), identity, (run) => isEarlier(options, run));
}
