import { basename } from 'node:path';
import type { Clock } from '../../core/effects.ts';
import { missingData } from '../../core/readiness.ts';
import { occurrencesWithRuns } from '../list/occurrence-runs.ts';
import { readHolder } from '../lock/lock.ts';
import type { LockHolder } from '../lock/lock-claim.ts';
import type { RecordedError } from '../record/recorded-error.ts';
import {
  OCCURRENCE_STATES,
  type OccurrenceFiles,
  type OccurrenceRecord,
  occurrenceFileNames,
  readOccurrenceFiles,
  readOccurrenceNames,
} from './occurrence-record.ts';
import { type RunOfOccurrence, runsByOccurrence } from './runs-by-occurrence.ts';

/**
 * What became of an occurrence: the status of its run where one is committed, else the state of its record.
 * `running` is what holds the job's lock; `interrupted` was killed, and goes on at the next look; `done`: its
 * run was deleted since.
 */
export const OCCURRENCE_STATUSES = [
  ...OCCURRENCE_STATES,
  'interrupted',
  'published',
  'committed',
  'superseded',
  'rolled back',
] as const;
export type OccurrenceStatus = (typeof OCCURRENCE_STATUSES)[number];

/** An occurrence in the history; or several in a row that nobody ran. */
export interface OccurrenceSummary {
  readonly job: string;
  /** ISO 8601 in UTC. Of several, the newest. */
  readonly occurrence: string;
  /** The oldest of several in a row; else the same as `occurrence`. */
  readonly firstOccurrence: string;
  /** How many in a row. Those that ran later are listed for themselves, too. */
  readonly count: number;
  readonly status: OccurrenceStatus;
  /** How often it failed. */
  readonly attempts: number;
  readonly runId: string | null;
  /** Why it failed the last time, or why its run is not published. */
  readonly error: RecordedError | null;
  /** What it lacks before it can start; null: nothing that is known. */
  readonly waitsFor: string | null;
  /** ISO 8601; null: at once, or not at all. */
  readonly nextAttemptAt: string | null;
  /** When this was written down, ISO 8601; null: only its run says so. */
  readonly at: string | null;
}

export interface OccurrenceFilter {
  /** Only occurrences at or after this instant. */
  readonly since?: Date;
  readonly statuses?: readonly OccurrenceStatus[];
  /** The newest ones, of those that the rest of the filter lets through. */
  readonly limit?: number;
}

/** Read at once where a list is limited, and it is not known how many of those that are read are wanted. */
const SLICE = 64;

/** A list that is limited reads little more than it needs. */
function sliceSize(all: number, limit: number, isFiltered: boolean): number {
  if (limit >= all) return Math.max(all, 1);
  return isFiltered ? SLICE : Math.max(limit, 1);
}

/** The occurrences of a job that something is known of, newest first. */
export async function listOccurrences(
  folderOfJob: string,
  clock: Clock,
  { since = new Date(0), statuses, limit = Number.POSITIVE_INFINITY }: OccurrenceFilter = {},
): Promise<OccurrenceSummary[]> {
  const holder = await readHolder(folderOfJob, clock);
  const names = await occurrenceFileNames(folderOfJob, since);
  const sinceText = since.toISOString();
  const instants = new Set([...names.map(instantOfName), ...(await occurrencesWithRuns(folderOfJob))]);
  const newestFirst = [...instants]
    .filter((each) => each >= sinceText)
    .sort()
    .reverse();
  const listed: OccurrenceSummary[] = [];
  const size = sliceSize(newestFirst.length, limit, statuses !== undefined);
  for (let start = 0; start < newestFirst.length && listed.length < limit; start += size) {
    const slice = new Set(newestFirst.slice(start, start + size));
    const files = await readOccurrenceNames(
      folderOfJob,
      names.filter((name) => slice.has(instantOfName(name))),
    );
    const runs = await runsByOccurrence(
      folderOfJob,
      clock,
      [...slice].map((each) => new Date(each)),
    );
    const known = { job: basename(folderOfJob), ...files, runs, holder };
    const summaries = [...slice].flatMap((occurrence) => summariesOf(occurrence, known));
    listed.push(...summaries.filter(({ status }) => statuses === undefined || statuses.includes(status)));
  }
  return listed.slice(0, limit);
}

/**
 * Occurrences that failed for good before there was a run, newest first: only their records tell of them. The
 * runs of the job, of which there are many more, are read only where there is such a record.
 */
export async function failedWithoutRun(
  folderOfJob: string,
  clock: Clock,
  filter: Pick<OccurrenceFilter, 'since' | 'limit'>,
): Promise<OccurrenceSummary[]> {
  const { records } = await readOccurrenceFiles(folderOfJob, filter.since ?? new Date(0));
  const isSeen = [...records.values()].some(({ state, runId }) => state === 'failed' && runId === null);
  if (!isSeen) return [];
  const failed = await listOccurrences(folderOfJob, clock, { ...filter, statuses: ['failed'] });
  return failed.filter(({ runId }) => runId === null);
}

/** `20261121T000000Z.json` begins with its occurrence. */
function instantOfName(name: string): string {
  return name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3T$4:$5:$6.000Z');
}

interface Known extends Omit<OccurrenceFiles, 'alerts'> {
  readonly job: string;
  readonly runs: ReadonlyMap<string, RunOfOccurrence>;
  readonly holder: LockHolder | undefined;
}

function summariesOf(occurrence: string, known: Known): OccurrenceSummary[] {
  const { job, records, missed, runs, waits, holder } = known;
  const record = records.get(occurrence);
  const wait = waits.get(occurrence)?.readiness;
  const waitsFor = wait === undefined || wait.isReady ? null : missingData(wait);
  const run = runs.get(occurrence);
  const range = missed.find(({ to }) => to === occurrence);
  const of = { job, occurrence, firstOccurrence: occurrence, count: 1 };
  const own: OccurrenceSummary[] =
    record === undefined && run === undefined && waitsFor === null
      ? []
      : [
          {
            ...of,
            status:
              record === undefined && run === undefined ? 'waiting' : occurrenceStatus(record, run, holder),
            attempts: record?.attempts ?? 0,
            runId: run?.runId ?? record?.runId ?? null,
            error: record?.error ?? null,
            waitsFor: record === undefined || record.state === 'waiting' ? waitsFor : null,
            nextAttemptAt: record?.nextAttemptAt ?? null,
            at: record?.at ?? null,
          },
        ];
  if (range === undefined || (own.length > 0 && range.count === 1)) return own;
  const nothing = { attempts: 0, runId: null, error: null, waitsFor: null, nextAttemptAt: null };
  const inARow = { firstOccurrence: range.from, count: range.count, at: range.at };
  return [...own, { ...of, ...nothing, ...inARow, status: 'missed' }];
}

/** A record that says `running` may be of a process that was killed: the lock knows. */
export function occurrenceStatus(
  record: OccurrenceRecord | undefined,
  run: RunOfOccurrence | undefined,
  holder: Pick<LockHolder, 'since' | 'runId'> | undefined,
): OccurrenceStatus {
  if (record?.state === 'running' && isHeldFor(record, run, holder)) return 'running';
  switch (run?.status) {
    case 'published':
    case 'committed':
    case 'superseded':
    case 'rolled back':
      return run.status;
    case 'running':
      return 'running';
  }
  if (record === undefined) return run?.status === 'failed' ? 'failed' : 'interrupted';
  return record.state === 'running' ? 'interrupted' : record.state;
}

/** Records are written under the lock: one that is younger than the lock is of its holder. */
function isHeldFor(
  record: OccurrenceRecord,
  run: RunOfOccurrence | undefined,
  holder: Pick<LockHolder, 'since' | 'runId'> | undefined,
): boolean {
  if (holder === undefined) return false;
  return record.at >= holder.since || (run !== undefined && holder.runId === run.runId);
}
