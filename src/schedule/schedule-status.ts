import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { Clock } from '../core/effects.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import { listOccurrences } from '../runs/occurrence/list-occurrences.ts';
import { nextOccurrence } from './cron/cron-times.ts';
import { type Pause, readPause } from './pause.ts';
import type { ScheduledJob } from './schedule-effects.ts';

/** A job's schedule as `schedule ls` shows it. */
export interface ScheduleStatus {
  readonly job: string;
  readonly cron: string;
  readonly timezone: string;
  readonly enabled: boolean;
  /** Null: nobody has paused it. */
  readonly paused: Pause | null;
  /** ISO 8601; null: it is switched off, paused, or never comes. */
  readonly next: string | null;
  /** The newest occurrence that something is known of. */
  readonly last: LastOccurrence | null;
}

export interface LastOccurrence {
  readonly occurrence: string;
  /** The state of the occurrence, or the status of its run where that says more. */
  readonly result: string;
  readonly runId: string | null;
  readonly error: string | null;
}

/** What is known of a job: its next occurrence, and what became of the last one. */
export async function scheduleStatus(
  job: ScheduledJob & { readonly schedule: ScheduleSpec },
  clock: Clock,
): Promise<ScheduleStatus> {
  const { spec, schedule } = job;
  const { cron, timezone, enabled } = schedule;
  const paused = (await readPause(folderOfJob(spec))) ?? null;
  const next = enabled && paused === null ? nextOccurrence(schedule, clock.now()) : null;
  return {
    job: spec.name,
    cron,
    timezone,
    enabled,
    paused,
    next: next?.toISOString() ?? null,
    last: await lastOccurrence(folderOfJob(spec), clock),
  };
}

async function lastOccurrence(folder: string, clock: Clock): Promise<LastOccurrence | null> {
  const [last] = await listOccurrences(folder, clock, { limit: 1 });
  if (last === undefined) return null;
  const { occurrence, status, runId, error } = last;
  return { occurrence, result: status, runId, error: error?.message ?? null };
}
