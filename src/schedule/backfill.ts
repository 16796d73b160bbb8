import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import { formatCount } from '../core/text/amounts.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import { isCommitted } from '../runs/list/run-status.ts';
import { listOccurrences, type OccurrenceStatus } from '../runs/occurrence/list-occurrences.ts';
import { readRecord } from '../runs/occurrence/occurrence-record.ts';
import { hasSettled } from '../runs/occurrence/settle-occurrence.ts';
import type { RecordedError } from '../runs/record/recorded-error.ts';
import { occurrencesBetween } from './cron/cron-times.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';
import { runAndReport } from './tick.ts';

/** More are a mistake in a date, more likely than a wish. */
const MOST_OCCURRENCES = 100_000;

/** A past occurrence, and what is known of it. */
export interface BackfillItem {
  readonly occurrence: Date;
  /** Whether nothing is left to do: its run is committed, and published unless something speaks against that. */
  readonly isComplete: boolean;
  /** The committed run that it has; null: none. */
  readonly runId: string | null;
  /** Null: nothing is known of it. */
  readonly state: OccurrenceStatus | null;
  /** Why it failed. */
  readonly error: RecordedError | null;
}

export interface BackfillRange {
  readonly from: Date;
  readonly to: Date;
  readonly order: 'oldest' | 'newest';
}

/**
 * The occurrences from one instant to another (both inclusive, none of the future), in the order in which
 * they run. Throws `USAGE` where there are none.
 */
export async function planBackfill(
  { spec, schedule }: ScheduledJob,
  { from, to, order }: BackfillRange,
  { clock }: Pick<ScheduleEffects, 'clock'>,
): Promise<BackfillItem[]> {
  const now = clock.now();
  const last = to < now ? to : now;
  const occurrences = occurrencesBetween(schedule, from, last);
  if (occurrences.length === 0)
    throw new ServeBatchError(
      'USAGE',
      `${spec.name} (${schedule.cron}, ${schedule.timezone}) has no occurrence from ${from.toISOString()} to ${last.toISOString()}. Give another --from and --to; occurrences of the future are not run.`,
    );
  if (occurrences.length > MOST_OCCURRENCES)
    throw new ServeBatchError(
      'USAGE',
      `${spec.name} (${schedule.cron}, ${schedule.timezone}) has ${formatCount(occurrences.length)} occurrences from ${from.toISOString()} to ${last.toISOString()}; one backfill runs at most ${formatCount(MOST_OCCURRENCES)}. Give --from and --to that lie closer together.`,
    );
  const listed = await listOccurrences(folderOfJob(spec), clock, { since: from });
  const missed = listed.filter(({ status }) => status === 'missed');
  const known = new Map(
    listed.filter((each) => !missed.includes(each)).map((each) => [each.occurrence, each]),
  );
  if (order === 'newest') occurrences.reverse();
  const items: BackfillItem[] = [];
  for (const occurrence of occurrences) {
    const at = occurrence.toISOString();
    const range = missed.find((each) => each.firstOccurrence <= at && at <= each.occurrence);
    const { runId = null, status: state = null, error = null } = known.get(at) ?? range ?? {};
    const isComplete = state !== null && (await isSeenThrough(folderOfJob(spec), occurrence, state, clock));
    const hasRun = state !== null && isCommitted(state);
    items.push({ occurrence, isComplete, runId: hasRun ? runId : null, state, error });
  }
  return items;
}

/**
 * A command that was killed behind the commit has not published its run, or has published it by halves. One that
 * came to its end has written down that the occurrence is done, and why it is not published.
 */
async function isSeenThrough(
  folder: string,
  occurrence: Date,
  status: OccurrenceStatus,
  clock: Clock,
): Promise<boolean> {
  if (await hasSettled(folder, { status }, occurrence.toISOString(), clock)) return true;
  if (status !== 'committed') return false;
  const record = await readRecord(folder, occurrence);
  return record?.state === 'done' || record?.state === 'failed';
}

/**
 * Runs the occurrences that have no committed run, and publishes runs whose command was killed before. One that fails
 * does not keep the others: the first failure is returned. None is published over a newer one.
 */
export async function backfill(
  job: ScheduledJob,
  items: readonly BackfillItem[],
  effects: ScheduleEffects,
): Promise<ServeBatchError | null> {
  let first: ServeBatchError | null = null;
  for (const { occurrence, isComplete } of items) {
    effects.drain.throwIfAborted();
    if (isComplete) continue;
    const failure = await runAndReport(job, occurrence, effects, { anew: true });
    first ??= failure;
  }
  return first;
}
