import type { BoundJob } from '../../config/job-spec.ts';
import type { Log } from '../../core/effects.ts';
import type { DraftPlan } from '../../core/plan.ts';
import { untilAborted } from '../../core/until-aborted.ts';
import type { Workers } from '../../tasks/workers.ts';
import { calibrateRun } from '../accuracy/calibrate.ts';
import { assertExtendable } from '../incremental/extended-run.ts';
import type { IncrementalStart } from '../incremental/incremental-start.ts';
import { takeNew } from '../incremental/take-new.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { processesOf } from '../limits/processes.ts';
import type { IdentifiedRun } from './identify-run.ts';
import { folderOfJob } from './locations.ts';

export interface DraftRequest {
  readonly runId: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly spec: BoundJob;
  readonly identified: IdentifiedRun;
  /** Null: the job takes its whole input. */
  readonly incremental: IncrementalStart | null;
  readonly storeUrl: string | null;
  readonly workers: Workers;
  /** Whose folder is that of the job, where that of `workers` is another one. */
  readonly workersOfJob?: Workers;
  readonly log: Log;
  readonly drain?: AbortSignal;
}

/**
 * What a run would do, for a run and for `--dry-run`: takes what is new of an incremental job, and has a worker
 * look at input and model. Null: there is nothing new.
 */
export async function draftPlan(request: DraftRequest): Promise<DraftPlan | null> {
  const { runId, createdAt, spec, identified, incremental, storeUrl, workers, log, drain } = request;
  const limits = { memoryLimit: memoryLimitOf(spec), threads: processesOf(spec) };
  const taken = await untilAborted(drain, takeNew({ start: incremental, spec, runId, workers, limits, log }));
  if (taken === null) return null;
  const { workersOfJob = workers } = request;
  const calibration = await untilAborted(drain, calibrateRun(spec, createdAt, workersOfJob));
  const extended = incremental?.extended ?? null;
  const plan = { runId, createdAt, spec, ...identified, storeUrl, extended, ...taken, calibration };
  const draft = await untilAborted(drain, workers.runRetrying('plan', { plan, ...limits }));
  await assertExtendable(folderOfJob(spec), draft);
  return draft;
}
