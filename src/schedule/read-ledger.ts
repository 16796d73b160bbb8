import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { Clock } from '../core/effects.ts';
import { readHolder } from '../runs/lock/lock.ts';
import { publishedOccurrence, runsOfOccurrences } from '../runs/occurrence-runs.ts';
import { isCommitted, type RunStatus } from '../runs/run-status.ts';
import { occurrencesBetween } from './cron-times.ts';
import { isSettled, type OccurrenceLedger } from './decide.ts';
import { readOccurrenceFiles } from './occurrence-record.ts';

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
  const open = occurrencesBetween(schedule, from, now).filter((each) => !isSettled(each, { now, ledger }));
  if (open.length === 0) return ledger;
  return {
    ...ledger,
    runs: await runsByOccurrence(folderOfJob, clock, open),
    published: await publishedOccurrence(folderOfJob),
  };
}

/** The run of each occurrence: one that is committed, else the newest. */
export async function runsByOccurrence(
  folderOfJob: string,
  clock: Clock,
  among?: readonly Date[],
): Promise<Map<string, { runId: string; status: RunStatus }>> {
  const wanted = among?.map((each) => each.toISOString());
  const found = new Map<string, { runId: string; status: RunStatus }>();
  for (const { occurrence, runId, status } of await runsOfOccurrences(folderOfJob, wanted, clock)) {
    if (occurrence === null) continue;
    const known = found.get(occurrence);
    if (known === undefined || (!isCommitted(known.status) && isCommitted(status)))
      found.set(occurrence, { runId, status });
  }
  return found;
}
