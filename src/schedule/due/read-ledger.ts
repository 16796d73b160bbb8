import type { ScheduleSpec } from '../../config/sections/schedule.ts';
import type { Clock } from '../../core/effects.ts';
import { publishedOccurrence } from '../../runs/list/occurrence-runs.ts';
import { readHolder } from '../../runs/lock/lock.ts';
import { readOccurrenceFiles } from '../../runs/occurrence/occurrence-record.ts';
import { runsByOccurrence } from '../../runs/occurrence/runs-by-occurrence.ts';
import { occurrencesBetween } from '../cron/cron-times.ts';
import { isSettled, type OccurrenceLedger } from './decide.ts';
import { KnownOccurrences } from './known-occurrences.ts';

export interface ReadLedgerRequest {
  readonly folderOfJob: string;
  readonly schedule: ScheduleSpec;
  readonly since: Date;
  /** Occurrences before it are not looked at. */
  readonly from: Date;
  readonly now: Date;
  readonly clock: Clock;
}

/**
 * Reads what became of a job's occurrences. All runs are looked through only where an occurrence has no
 * record that settles it.
 */
export async function readLedger(request: ReadLedgerRequest): Promise<OccurrenceLedger> {
  const { folderOfJob, schedule, since, from, now, clock } = request;
  // The lock first: what its holder writes is seen then.
  const holder = await readHolder(folderOfJob, clock);
  const files = await readOccurrenceFiles(folderOfJob, from);
  const ledger: OccurrenceLedger = {
    ...files,
    since,
    runs: new Map(),
    published: null,
    lockedSince: holder?.since ?? null,
  };
  const known = new KnownOccurrences(ledger, now);
  const open = occurrencesBetween(schedule, from, now).filter((each) => !isSettled(each, known));
  if (open.length === 0) return ledger;
  return {
    ...ledger,
    runs: await runsByOccurrence(folderOfJob, clock, open),
    published: await publishedOccurrence(folderOfJob),
  };
}
