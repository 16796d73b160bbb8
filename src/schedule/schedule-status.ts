import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { Clock } from '../core/effects.ts';
import { folderOfJob } from '../jobs/locations.ts';
import { isCommitted } from '../runs/run-status.ts';
import { nextOccurrence } from './cron-times.ts';
import { readOccurrenceFiles } from './occurrence-record.ts';
import { runsByOccurrence } from './read-ledger.ts';
import type { ScheduledJob } from './schedule-effects.ts';

/** A job's schedule as `schedule ls` shows it. */
export interface ScheduleStatus {
  readonly job: string;
  readonly cron: string;
  readonly timezone: string;
  readonly enabled: boolean;
  /** ISO 8601; null: it is switched off, or never comes. */
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
  const next = enabled ? nextOccurrence(schedule, clock.now()) : null;
  return {
    job: spec.name,
    cron,
    timezone,
    enabled,
    next: next?.toISOString() ?? null,
    last: await lastOccurrence(folderOfJob(spec), clock),
  };
}

async function lastOccurrence(folder: string, clock: Clock): Promise<LastOccurrence | null> {
  const { records, missed } = await readOccurrenceFiles(folder, new Date(0));
  const runs = await runsByOccurrence(folder, clock);
  const known = [...records.keys(), ...runs.keys(), ...missed.map(({ to }) => to)].sort();
  const occurrence = known.at(-1);
  if (occurrence === undefined) return null;
  const record = records.get(occurrence);
  const run = runs.get(occurrence);
  const fromRun = run !== undefined && (record === undefined || isCommitted(run.status));
  return {
    occurrence,
    result: fromRun ? run.status : (record?.state ?? 'missed'),
    runId: record?.runId ?? run?.runId ?? null,
    error: record?.error?.message ?? null,
  };
}
