import type { Readiness } from '../../core/readiness.ts';
import type { ManagedStore } from '../../kv/store.ts';
import type { PlanIndex } from '../../runs/list/plan-index.ts';
import type { JobLock } from '../../runs/lock/lock.ts';
import type { RunLog } from '../../runs/run-log.ts';
import type { Workers } from '../../tasks/workers.ts';
import type { IncrementalStart } from '../incremental/incremental-start.ts';
import type { IdentifiedRun } from '../plan/identify-run.ts';
import type { RunJobOptions } from '../run-job-options.ts';

/** A job whose lock is held, and what a planned run of it needs. */
export interface LockedJob {
  readonly options: RunJobOptions;
  /** The folder of the job. */
  readonly folder: string;
  readonly lock: JobLock;
  readonly workers: Workers;
  /** What is said of the run, in its folder; also what `options.effects.log` says. */
  readonly runLog: RunLog;
  readonly store: ManagedStore | null;
  readonly storeUrl: string | null;
  /** What the run waited for; null: nothing. */
  readonly readiness: Readiness | null;
}

/** With all that planning a run needs. */
export interface LockedRun extends LockedJob {
  readonly identified: IdentifiedRun;
  /** Null: the job takes its whole input. */
  readonly incremental: IncrementalStart | null;
  readonly index: PlanIndex;
}
