import type { ScheduleSpec } from '../../config/sections/schedule.ts';
import { isCommitted } from '../../runs/list/run-status.ts';
import type { OccurrenceFiles, OccurrenceRecord } from '../../runs/occurrence/occurrence-record.ts';
import type { RunOfOccurrence } from '../../runs/occurrence/runs-by-occurrence.ts';
import { toldOf } from '../alert-mark.ts';
import { occurrencesBetween } from '../cron/cron-times.ts';
import { LEEWAY_MS } from './first-sight.ts';
import { jitterMs } from './jitter.ts';
import { CLOCK_TOLERANCE_MS, isCredible, KnownOccurrences } from './known-occurrences.ts';

/** All that is known of a job's occurrences at one instant: files of its output folder. */
export interface OccurrenceLedger extends OccurrenceFiles {
  /** Occurrences before it are not owed. */
  readonly since: Date;
  /** What became of runs, by occurrence; of several, the one that is committed. */
  readonly runs: ReadonlyMap<string, RunOfOccurrence>;
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

/** A request, with what its ledger knows at hand. */
interface Question extends DecideRequest {
  readonly known: KnownOccurrences;
}

/** Compares the occurrences that are due with what became of them. Pure. */
export function decide(request: DecideRequest): Decision {
  const { job, schedule, now, ledger } = request;
  const known = new KnownOccurrences(ledger, now);
  const question: Question = { ...request, known };
  const dueAt: DueAt = (occurrence) =>
    occurrence.getTime() + jitterMs(job, occurrence, schedule.jitterSeconds);
  const from = new Date(Math.max(ledger.since.getTime(), lookStart(schedule, now).getTime()));
  const occurred = occurrencesBetween(schedule, from, now);
  const spreadFrom = now.getTime() - schedule.jitterSeconds * 1000;
  const isDue = (each: Date): boolean => each.getTime() <= spreadFrom || dueAt(each) <= now.getTime();
  const [due, spread] = partition(occurred, isDue);
  const unsettled = new Set(due.filter((each) => !isSettled(each, known)));
  const window = windowStart(schedule, now);
  const open = [...unsettled].filter((each) => each >= window);
  const [begun, fresh] = partition(open, (each) => hasBegun(each, known));
  const newest = due.at(-1);
  const [wanted, missed] = partition(fresh, (each) =>
    isCaughtUp(each, { isNewest: each === newest, dueAt }, question),
  );
  const [skip, kept] = partition(wanted, (each) => isSkipped(each, dueAt, question));
  const [retrying, ready] = partition(begun, (each) => retryTime(each, question) > now.getTime());
  const isLocked = ledger.lockedSince !== null;
  return {
    run: isLocked ? [] : [...kept, ...ready],
    wait: isLocked ? kept.filter((each) => now.getTime() - dueAt(each) <= LEEWAY_MS) : [],
    skip,
    missed,
    settled: due.flatMap((occurrence) => unrecordedRun(occurrence, known)),
    failing: retrying.flatMap((each) => known.recordOf(each) ?? []),
    late: lateAmong(due, unsettled, question),
    settledUntil: settledUntil(due, unsettled, question),
    nextAt: earliest([...spread.map(dueAt), ...retrying.map((each) => retryTime(each, question))]),
  };
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [T[], T[]] {
  const both: [T[], T[]] = [[], []];
  for (const item of items) both[isFirst(item) ? 0 : 1].push(item);
  return both;
}

type DueAt = (occurrence: Date) => number;

function isSkipped(occurrence: Date, dueAt: DueAt, { schedule, ledger }: Question): boolean {
  if (schedule.overlap !== 'skip' || ledger.lockedSince === null) return false;
  return Date.parse(ledger.lockedSince) < dueAt(occurrence);
}

/** Those past their deadline that are not published, whatever became of them, and that nobody was told of. */
function lateAmong(due: readonly Date[], unsettled: ReadonlySet<Date>, question: Question): Date[] {
  const { schedule, now, ledger, known } = question;
  const { deadlineSeconds } = schedule;
  if (deadlineSeconds === null) return [];
  const isTold = toldOf(ledger.alerts, 'late');
  return due.filter(
    (each) =>
      now.getTime() > each.getTime() + deadlineSeconds * 1000 &&
      (unsettled.has(each) || !isWell(each, known)) &&
      !isTold(each),
  );
}

/** Of a settled occurrence: whether its run is there for readers, or a newer one is. */
function isWell(occurrence: Date, known: KnownOccurrences): boolean {
  const record = known.recordOf(occurrence);
  if (record !== undefined) return record.state === 'done' && record.error === null;
  return known.runOf(occurrence) !== undefined;
}

/** The newest of the oldest occurrences of which nothing is to be done or told any more. */
function settledUntil(
  due: readonly Date[],
  unsettled: ReadonlySet<Date>,
  { schedule, ledger, known }: Question,
): Settled | null {
  const isTold = toldOf(ledger.alerts, 'late');
  const mayBeLate = (each: Date): boolean =>
    schedule.deadlineSeconds !== null && !isWell(each, known) && !isTold(each);
  let count = 0;
  for (const each of due) {
    if (unsettled.has(each) || mayBeLate(each)) break;
    count++;
  }
  const until = due[count - 1];
  return until === undefined ? null : { until, count };
}

/** Whether nothing is left to do for an occurrence. */
export function isSettled(occurrence: Date, known: KnownOccurrences): boolean {
  const record = known.recordOf(occurrence);
  if (record?.state === 'done' || record?.state === 'failed') return true;
  if (record?.state === 'skipped' || record?.state === 'missed') return isCredible(record, known.now);
  if (unrecordedRun(occurrence, known).length > 0) return true;
  if (record !== undefined && (record.attempts > 0 || record.state === 'running')) return false;
  return known.isMissed(occurrence);
}

/** A run of the occurrence that is complete, and that nobody has to publish any more. */
function unrecordedRun(
  occurrence: Date,
  known: KnownOccurrences,
): { readonly occurrence: Date; readonly runId: string }[] {
  const run = known.runOf(occurrence);
  if (run === undefined || !isCommitted(run.status)) return [];
  const state = known.recordOf(occurrence)?.state;
  if (state === 'done' || state === 'failed') return [];
  if (run.status === 'committed' && !known.isOvertaken(occurrence)) return [];
  return [{ occurrence, runId: run.runId }];
}

/** Whether a run of it was started, or it waits for its data: then it is seen through, whatever catchup says. */
function hasBegun(occurrence: Date, known: KnownOccurrences): boolean {
  if (known.isAwaited(occurrence)) return true;
  const record = known.recordOf(occurrence);
  if (record !== undefined && (record.attempts > 0 || record.state === 'running')) return true;
  return known.runOf(occurrence)?.status === 'committed';
}

function isCaughtUp(
  occurrence: Date,
  { isNewest, dueAt }: { readonly isNewest: boolean; readonly dueAt: DueAt },
  { schedule, now, known }: Question,
): boolean {
  switch (schedule.catchup) {
    case 'all':
      return true;
    case 'latest':
      return isNewest;
    case 'none':
      // One that has been waiting for the run before it was there in time.
      return (
        now.getTime() - dueAt(occurrence) <= LEEWAY_MS ||
        (isNewest && known.recordOf(occurrence) !== undefined)
      );
  }
}

/** When an occurrence that has begun goes on. */
function retryTime(occurrence: Date, { schedule, now, known }: Question): number {
  const record = known.recordOf(occurrence);
  const at = record?.nextAttemptAt;
  if (at === undefined || at === null) return 0;
  // Farther away than any pause: the clock was set back since.
  const longest = now.getTime() + backoffMs(schedule, record?.attempts ?? 1) + CLOCK_TOLERANCE_MS;
  return Date.parse(at) > longest ? 0 : Date.parse(at);
}

function earliest(times: readonly number[]): Date | null {
  return times.length === 0 ? null : new Date(Math.min(...times));
}
