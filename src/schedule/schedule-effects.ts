import type { AccuracyRecord } from '../accuracy/accuracy-record.ts';
import type { BoundJob, JobSpec } from '../config/job-spec.ts';
import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { Clock, Log } from '../core/effects.ts';
import type { Readiness } from '../core/readiness.ts';
import type { Announcer } from '../jobs/alert.ts';
import type { StoreState } from '../jobs/publish/store-state.ts';
import type { runJob } from '../jobs/run-job.ts';
import type { ScoredRun } from '../tasks/score-runs.ts';
import type { Predecessor } from './waiting/predecessors.ts';

/** What the schedule may do to the world outside; tests hand in others. */
export interface ScheduleEffects {
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly runJob: typeof runJob;
  readonly stores: StoreKeeper;
  readonly scores: ScoreKeeper;
  /** Whether what `schedule.waitFor` of a job names is there. */
  readonly checkReady: (spec: BoundJob) => Promise<Readiness>;
  /** Gives up at once. */
  readonly signal: AbortSignal;
  /** Asks to end soon. */
  readonly drain: AbortSignal;
}

/** Looks after the stores of published runs. */
export interface StoreKeeper {
  /** Throws `STORE_*` where the store does not answer. */
  compare(spec: JobSpec): Promise<StoreState>;
  /** Loads the published run again; false where that was not needed any more. Throws `LOCKED` and `STORE_*`. */
  reload(spec: JobSpec): Promise<boolean>;
}

/** Compares published runs with what came true. */
export interface ScoreKeeper {
  /** Scores what has not been compared with the actuals as they are now; empty where there is nothing of the kind. */
  scoreDue(spec: JobSpec): Promise<readonly ScoredRun[]>;
  /** What a run that was just scored shows to be worse than it may be; null: nothing. */
  degradation(spec: JobSpec, record: AccuracyRecord): Promise<string | null>;
}

/** A job that runs by itself. */
export interface ScheduledJob {
  readonly spec: JobSpec;
  readonly schedule: ScheduleSpec;
  /** The jobs of `schedule.after`. Left out: none. */
  readonly after?: readonly Predecessor[];
}
