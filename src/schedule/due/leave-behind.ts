import type { Clock } from '../../core/effects.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import { isNoFailure } from '../../jobs/alert.ts';
import { folderOfJob } from '../../jobs/plan/locations.ts';
import { acquireLock } from '../../runs/lock/lock.ts';
import { type OccurrenceRecord, writeRecord } from '../../runs/occurrence/occurrence-record.ts';
import { occurrencesBetween } from '../cron/cron-times.ts';
import type { ScheduledJob, ScheduleEffects } from '../schedule-effects.ts';
import { isSettled, type OccurrenceLedger } from './decide.ts';
import { writeFirstSight } from './first-sight.ts';
import { KnownOccurrences } from './known-occurrences.ts';

interface Window {
  readonly since: Date;
  /** Where looks begin from now on: all before it is out of the catch-up window. */
  readonly start: Date;
  readonly now: Date;
}

/** What is older than the window is not owed any more: it is said once, and what was tried in vain has failed. */
export async function leaveBehind(
  { spec, schedule }: ScheduledJob,
  ledger: OccurrenceLedger,
  { since, start, now }: Window,
  { log, clock }: ScheduleEffects,
): Promise<void> {
  const folder = folderOfJob(spec);
  const end = new Date(start.getTime() - 1);
  const known = new KnownOccurrences(ledger, now);
  const left = occurrencesBetween(schedule, since, end).filter((each) => !isSettled(each, known));
  const tried = left.flatMap((each) => known.recordOf(each) ?? []);
  if (tried.length > 0 && !(await giveUp(folder, tried, clock))) return;
  const range = `--from ${left[0]?.toISOString()} --to ${left.at(-1)?.toISOString()}`;
  if (left.length > 0)
    log.warn(
      `${formatNumber(left.length, 'occurrence')} before ${start.toISOString()} will not run: schedule.catchupWindow has ended. Run them with: serve-batch backfill ${spec.name} ${range}`,
      { job: spec.name },
    );
  const { cron, timezone } = schedule;
  await writeFirstSight(folder, { cron, timezone, since: start.toISOString() });
}

/** False while another process has the lock. */
async function giveUp(folder: string, records: readonly OccurrenceRecord[], clock: Clock): Promise<boolean> {
  try {
    const lock = await acquireLock(folder, { clock });
    try {
      const ended = { state: 'failed', nextAttemptAt: null, at: clock.now().toISOString() } as const;
      for (const record of records) await writeRecord(folder, { ...record, ...ended });
    } finally {
      await lock.release();
    }
    return true;
  } catch (error) {
    if (isNoFailure(error)) return false;
    throw error;
  }
}
