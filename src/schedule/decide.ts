import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { MissedRange, OccurrenceFiles, OccurrenceRecord } from '../runs/occurrence/occurrence-record.ts';
import { isCommitted, type RunStatus } from '../runs/run-status.ts';
import { alertMarkName } from './alert-mark.ts';
import { occurrencesBetween } from './cron-times.ts';
import { LEEWAY_MS } from './first-sight.ts';
import { jitterMs } from './jitter.ts';

/** All that is known of a job's occurrences at one instant: files of its output folder. */
export interface OccurrenceLedger extends OccurrenceFiles {
  /** Occurrences before it are not owed. */
  readonly since: Date;
  /** What became of runs, by occurrence; of several, the one that is committed. */
  readonly runs: ReadonlyMap<string, { readonly runId: string; readonly status: RunStatus }>;
  /** The occurrence that readers see; null: none. */
  readonly published: string | null;
  /** Since when a live process has the job's lock, ISO 8601; null: nobody has. */
  readonly lockedSince: string | null;
}

/** What is to be done about a job now. */
export interface Decision {
  /** To run, in this order. Empty while the job is running. */
  readonly run: readonly Date[];
  /** Those that would run, but for the run that is going on. */
  readonly wait: readonly Date[];
  readonly skip: readonly Date[];
  /** The ones that catchup leaves. */
  readonly missed: readonly Date[];
  /** A run of them is committed, and no record says so yet. */
  readonly settled: readonly { readonly occurrence: Date; readonly runId: string }[];
  /** Those that failed and wait to be tried again. */
  readonly failing: readonly OccurrenceRecord[];
  /** Past their deadline, and nobody was told. */
  readonly late: readonly Date[];
  /** When there may be something to do that is not due yet: a start that is spread, or a retry. */
  readonly nextAt: Date | null;
}

export interface DecideRequest {
  readonly job: string;
  readonly schedule: ScheduleSpec;
  readonly now: Date;
  readonly ledger: OccurrenceLedger;
}

/** A record from the future was written under a clock that was wrong: what it says of time does not count. */
const CLOCK_TOLERANCE_MS = 60_000;
/** Pauses between retries do not grow beyond this. */
const LONGEST_BACKOFF_MS = 3_600_000;

/** The pause after so many failures. */
export function backoffMs(schedule: Pick<ScheduleSpec, 'backoffSeconds'>, failures: number): number {
  const first = schedule.backoffSeconds * 1000;
  return Math.max(first, Math.min(first * 2 ** (failures - 1), LONGEST_BACKOFF_MS));
}

/** The oldest instant whose occurrence may still run. */
export function windowStart(schedule: Pick<ScheduleSpec, 'catchupWindowSeconds'>, now: Date): Date {
  return new Date(now.getTime() - schedule.catchupWindowSeconds * 1000);
}

/** Compares the occurrences that are due with what became of them. Pure. */
export function decide(request: DecideRequest): Decision {
  const { job, schedule, now, ledger } = request;
  const dueAt = (occurrence: Date): number =>
    occurrence.getTime() + jitterMs(job, occurrence, schedule.jitterSeconds);
  const from = new Date(Math.max(ledger.since.getTime(), windowStart(schedule, now).getTime()));
  const occurred = occurrencesBetween(schedule, from, now);
  const due = occurred.filter((each) => dueAt(each) <= now.getTime());
  const open = due.filter((each) => !isSettled(each, request));
  const settled = due.flatMap((occurrence) => unrecordedRun(occurrence, request));
  const begun = open.filter((each) => hasBegun(each, ledger));
  const fresh = open.filter((each) => !begun.includes(each));
  const wanted = fresh.filter((each) => isCaughtUp(each, due, dueAt(each), request));
  const isSkipped = (each: Date): boolean =>
    schedule.overlap === 'skip' &&
    ledger.lockedSince !== null &&
    Date.parse(ledger.lockedSince) < dueAt(each);
  const skip = wanted.filter(isSkipped);
  const kept = wanted.filter((each) => !skip.includes(each));
  const retryAt = (each: Date): number => retryTime(each, request);
  const ready = [...kept, ...begun.filter((each) => retryAt(each) <= now.getTime())];
  const isLocked = ledger.lockedSince !== null;
  return {
    run: isLocked ? [] : ready,
    wait: isLocked ? kept : [],
    skip,
    missed: fresh.filter((each) => !wanted.includes(each)),
    settled,
    failing: begun
      .filter((each) => retryAt(each) > now.getTime())
      .flatMap((each) => ledger.records.get(each.toISOString()) ?? []),
    late: [...begun, ...kept].filter((each) => isLate(each, request)),
    nextAt: earliest([
      ...occurred.filter((each) => dueAt(each) > now.getTime()).map(dueAt),
      ...begun.map(retryAt).filter((at) => at > now.getTime()),
    ]),
  };
}

/** Whether nothing is left to do for an occurrence. */
export function isSettled(occurrence: Date, { now, ledger }: Pick<DecideRequest, 'now' | 'ledger'>): boolean {
  const record = ledger.records.get(occurrence.toISOString());
  if (record?.state === 'done' || record?.state === 'failed') return true;
  if (record?.state === 'skipped' || record?.state === 'missed') return isCredible(record, now);
  if (unrecordedRun(occurrence, { now, ledger }).length > 0) return true;
  if (record !== undefined && (record.attempts > 0 || record.state === 'running')) return false;
  return ledger.missed.some((range) => isCredible(range, now) && isWithin(occurrence, range));
}

function isCredible({ at }: { readonly at: string }, now: Date): boolean {
  return Date.parse(at) <= now.getTime() + CLOCK_TOLERANCE_MS;
}

function isWithin(occurrence: Date, { from, to }: MissedRange): boolean {
  const at = occurrence.toISOString();
  return from <= at && at <= to;
}

/** A run of the occurrence that is complete, and that nobody has to publish any more. */
function unrecordedRun(
  occurrence: Date,
  { now, ledger }: Pick<DecideRequest, 'now' | 'ledger'>,
): { readonly occurrence: Date; readonly runId: string }[] {
  const at = occurrence.toISOString();
  const state = ledger.records.get(at)?.state;
  const run = ledger.runs.get(at);
  if (run === undefined || !isCommitted(run.status) || state === 'done' || state === 'failed') return [];
  const { published } = ledger;
  const isOvertaken = published !== null && published > at && published <= now.toISOString();
  if (run.status === 'committed' && !isOvertaken) return [];
  return [{ occurrence, runId: run.runId }];
}

/** Whether a run of it was started: then it is seen through, whatever catchup says. */
function hasBegun(occurrence: Date, { records, runs }: OccurrenceLedger): boolean {
  const record = records.get(occurrence.toISOString());
  if (record !== undefined && (record.attempts > 0 || record.state === 'running')) return true;
  return runs.get(occurrence.toISOString())?.status === 'committed';
}

function isCaughtUp(
  occurrence: Date,
  due: readonly Date[],
  dueAt: number,
  { schedule, now, ledger }: DecideRequest,
): boolean {
  const isNewest = occurrence.getTime() === due.at(-1)?.getTime();
  switch (schedule.catchup) {
    case 'all':
      return true;
    case 'latest':
      return isNewest;
    case 'none':
      // One that has been waiting for the run before it was there in time.
      return now.getTime() - dueAt <= LEEWAY_MS || (isNewest && ledger.records.has(occurrence.toISOString()));
  }
}

/** When an occurrence that has begun goes on. */
function retryTime(occurrence: Date, { schedule, now, ledger }: DecideRequest): number {
  const record: OccurrenceRecord | undefined = ledger.records.get(occurrence.toISOString());
  const at = record?.nextAttemptAt;
  if (at === undefined || at === null) return 0;
  // Farther away than any pause: the clock was set back since.
  const longest = now.getTime() + backoffMs(schedule, record?.attempts ?? 1) + CLOCK_TOLERANCE_MS;
  return Date.parse(at) > longest ? 0 : Date.parse(at);
}

function isLate(occurrence: Date, { schedule, now, ledger }: DecideRequest): boolean {
  if (schedule.deadlineSeconds === null) return false;
  if (ledger.alerts.has(alertMarkName(occurrence, 'late'))) return false;
  return now.getTime() > occurrence.getTime() + schedule.deadlineSeconds * 1000;
}

function earliest(times: readonly number[]): Date | null {
  return times.length === 0 ? null : new Date(Math.min(...times));
}
