import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { MissedRange, OccurrenceFiles, OccurrenceRecord } from '../runs/occurrence/occurrence-record.ts';
import { isCommitted, type RunStatus } from '../runs/run-status.ts';
import { toldOf } from './alert-mark.ts';
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
  /** Past their deadline without being published, whatever became of them; nobody was told. Oldest first. */
  readonly late: readonly Date[];
  /** Occurrences up to it need no further look; null: the oldest does. */
  readonly settledUntil: Settled | null;
  /** When there may be something to do that is not due yet: a start that is spread, or a retry. */
  readonly nextAt: Date | null;
}

export interface Settled {
  readonly until: Date;
  /** How many they are, from the start of the look. */
  readonly count: number;
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
const DAY_MS = 86_400_000;

/** The pause after so many failures. */
export function backoffMs(schedule: Pick<ScheduleSpec, 'backoffSeconds'>, failures: number): number {
  const first = schedule.backoffSeconds * 1000;
  return Math.max(first, Math.min(first * 2 ** (failures - 1), LONGEST_BACKOFF_MS));
}

/** The oldest instant whose occurrence may still run. */
export function windowStart(schedule: Pick<ScheduleSpec, 'catchupWindowSeconds'>, now: Date): Date {
  return new Date(now.getTime() - schedule.catchupWindowSeconds * 1000);
}

/** The oldest instant whose occurrence is looked at: nobody may have been told yet that it is late. */
export function lookStart(
  schedule: Pick<ScheduleSpec, 'catchupWindowSeconds' | 'deadlineSeconds'>,
  now: Date,
): Date {
  const window = windowStart(schedule, now);
  if (schedule.deadlineSeconds === null) return window;
  const untold = now.getTime() - schedule.deadlineSeconds * 1000 - DAY_MS;
  return new Date(Math.min(window.getTime(), untold));
}

/** Compares the occurrences that are due with what became of them. Pure. */
export function decide(request: DecideRequest): Decision {
  const { job, schedule, now, ledger } = request;
  const dueAt = (occurrence: Date): number =>
    occurrence.getTime() + jitterMs(job, occurrence, schedule.jitterSeconds);
  const from = new Date(Math.max(ledger.since.getTime(), lookStart(schedule, now).getTime()));
  const occurred = occurrencesBetween(schedule, from, now);
  const [due, spread] = partition(occurred, (each) => dueAt(each) <= now.getTime());
  const unsettled = new Set(due.filter((each) => !isSettled(each, request)));
  const window = windowStart(schedule, now);
  const open = [...unsettled].filter((each) => each >= window);
  const [begun, fresh] = partition(open, (each) => hasBegun(each, ledger));
  const newest = due.at(-1);
  const [wanted, missed] = partition(fresh, (each) =>
    isCaughtUp(each, { isNewest: each === newest, dueAt: dueAt(each) }, request),
  );
  const [skip, kept] = partition(wanted, (each) => isSkipped(dueAt(each), request));
  const [retrying, ready] = partition(begun, (each) => retryTime(each, request) > now.getTime());
  const isLocked = ledger.lockedSince !== null;
  return {
    run: isLocked ? [] : [...kept, ...ready],
    wait: isLocked ? kept.filter((each) => now.getTime() - dueAt(each) <= LEEWAY_MS) : [],
    skip,
    missed,
    settled: due.flatMap((occurrence) => unrecordedRun(occurrence, request)),
    failing: retrying.flatMap((each) => ledger.records.get(each.toISOString()) ?? []),
    late: lateAmong(due, unsettled, request),
    settledUntil: settledUntil(due, unsettled, request),
    nextAt: earliest([...spread.map(dueAt), ...retrying.map((each) => retryTime(each, request))]),
  };
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [T[], T[]] {
  const both: [T[], T[]] = [[], []];
  for (const item of items) both[isFirst(item) ? 0 : 1].push(item);
  return both;
}

function isSkipped(dueAt: number, { schedule, ledger }: DecideRequest): boolean {
  if (schedule.overlap !== 'skip' || ledger.lockedSince === null) return false;
  return Date.parse(ledger.lockedSince) < dueAt;
}

/** Those past their deadline that are not published, whatever became of them, and that nobody was told of. */
function lateAmong(due: readonly Date[], unsettled: ReadonlySet<Date>, request: DecideRequest): Date[] {
  const { schedule, now, ledger } = request;
  const { deadlineSeconds } = schedule;
  if (deadlineSeconds === null) return [];
  const isTold = toldOf(ledger.alerts, 'late');
  return due.filter(
    (each) =>
      now.getTime() > each.getTime() + deadlineSeconds * 1000 &&
      (unsettled.has(each) || !isWell(each, request)) &&
      !isTold(each),
  );
}

/** Of a settled occurrence: whether its run is there for readers, or a newer one is. */
function isWell(occurrence: Date, { ledger }: DecideRequest): boolean {
  const record = ledger.records.get(occurrence.toISOString());
  if (record !== undefined) return record.state === 'done' && record.error === null;
  return ledger.runs.has(occurrence.toISOString());
}

/** The newest of the oldest occurrences of which nothing is to be done or told any more. */
function settledUntil(
  due: readonly Date[],
  unsettled: ReadonlySet<Date>,
  request: DecideRequest,
): Settled | null {
  const isTold = toldOf(request.ledger.alerts, 'late');
  const mayBeLate = (each: Date): boolean =>
    request.schedule.deadlineSeconds !== null && !isWell(each, request) && !isTold(each);
  let count = 0;
  for (const each of due) {
    if (unsettled.has(each) || mayBeLate(each)) break;
    count++;
  }
  const until = due[count - 1];
  return until === undefined ? null : { until, count };
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

export function isCredible({ at }: { readonly at: string }, now: Date): boolean {
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

/** Whether a run of it was started, or it waits for its data: then it is seen through, whatever catchup says. */
function hasBegun(occurrence: Date, { records, runs, waits }: OccurrenceLedger): boolean {
  if (waits.has(occurrence.toISOString())) return true;
  const record = records.get(occurrence.toISOString());
  if (record !== undefined && (record.attempts > 0 || record.state === 'running')) return true;
  return runs.get(occurrence.toISOString())?.status === 'committed';
}

function isCaughtUp(
  occurrence: Date,
  { isNewest, dueAt }: { readonly isNewest: boolean; readonly dueAt: number },
  { schedule, now, ledger }: DecideRequest,
): boolean {
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

function earliest(times: readonly number[]): Date | null {
  return times.length === 0 ? null : new Date(Math.min(...times));
}
