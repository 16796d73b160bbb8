import type { JobSpec } from '../config/job-spec.ts';
import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { Clock, Log } from '../core/effects.ts';
import type { Announcer } from '../jobs/alert.ts';
import type { runJob } from '../jobs/run-job.ts';

/** What the schedule may do to the world outside; tests hand in others. */
export interface ScheduleEffects {
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly runJob: typeof runJob;
  /** Gives up at once. */
  readonly signal: AbortSignal;
  /** Asks to end soon. */
  readonly drain: AbortSignal;
}

/** A job that runs by itself. */
export interface ScheduledJob {
  readonly spec: JobSpec;
  readonly schedule: ScheduleSpec;
}
