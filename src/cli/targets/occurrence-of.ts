import { needsOccurrence, timeZoneOf } from '../../config/bind-job.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { fromLocal, parseInstant, parseLocal } from '../../core/zoned-time.ts';

const DAY_MS = 86_400_000;

/** Instead of a time: the newest occurrence of the schedule that has come. */
const LATEST = 'latest';

/**
 * The occurrence that a run is for. A date alone means the first occurrence of that day, where the job has a
 * schedule; `latest` the newest that has come. Where nothing is said, and the job uses its occurrence, it is the latest one; null: none.
 */
export async function occurrenceOf(
  spec: JobSpec,
  written: string | undefined,
  now: Date,
): Promise<Date | null> {
  const { schedule } = spec;
  if (written === undefined) {
    if (schedule === null || !needsOccurrence(spec)) return null;
    const { latestOccurrence } = await import('../../schedule/cron/cron-times.ts');
    return latestOccurrence(schedule, now);
  }
  if (written.trim() === LATEST) return latestOf(spec, now);
  const timeZone = timeZoneOf(spec);
  const instant = parseInstant(written, timeZone);
  if (instant === undefined)
    throw new ServeBatchError(
      'USAGE',
      `--occurrence is "${written}"; expected a date, a time, an instant or ${LATEST}. Write for example 2026-11-21, 2026-11-21T02:30 or 2026-11-21T01:30:00Z.`,
    );
  if (schedule === null || !/^\d{4}-\d{2}-\d{2}$/.test(written.trim())) return instant;
  const { nextOccurrence } = await import('../../schedule/cron/cron-times.ts');
  const first = nextOccurrence(schedule, new Date(instant.getTime() - 1));
  const nextDay = fromLocal((parseLocal(written) ?? 0) + DAY_MS, timeZone);
  return first !== null && first < nextDay ? first : instant;
}

async function latestOf({ name, schedule }: JobSpec, now: Date): Promise<Date> {
  if (schedule === null)
    throw new ServeBatchError(
      'USAGE',
      `--occurrence is ${LATEST}, but the job ${name} has no schedule that says which one that is. Give a date or an instant, or write for example schedule: "0 0 * * 6" into its job file.`,
    );
  const { latestOccurrence } = await import('../../schedule/cron/cron-times.ts');
  const latest = latestOccurrence(schedule, now);
  if (latest !== null) return latest;
  throw new ServeBatchError(
    'USAGE',
    `--occurrence is ${LATEST}, but ${name} (${schedule.cron}, ${schedule.timezone}) has had no occurrence yet. Give a date or an instant.`,
  );
}
