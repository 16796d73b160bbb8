import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { Clock } from '../core/effects.ts';
import { toServeBatchError } from '../core/errors.ts';
import { missingData, type Readiness } from '../core/readiness.ts';
import { isHeldBack, isNoFailure } from '../jobs/alert.ts';
import type { RunEnd, RunWitness } from '../jobs/run-job-options.ts';
import {
  newRecord,
  type OccurrenceRecord,
  readRecord,
  writeRecord,
} from '../runs/occurrence/occurrence-record.ts';
import { recorded } from '../runs/record/recorded-error.ts';
import { backoffMs } from './due/decide.ts';
import { unsettle } from './due/first-sight.ts';
import { isStoreFailure } from './outage/store-outage.ts';

/** Thrown where another process did the work between the look and the lock. */
export class AlreadySettled extends Error {
  override readonly name = 'AlreadySettled';
}

/** Thrown where what the occurrence waits for is not there any more, or not yet. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}

export interface AccountRequest {
  readonly folderOfJob: string;
  readonly occurrence: Date;
  readonly schedule: Pick<ScheduleSpec, 'retries' | 'backoffSeconds'>;
  readonly clock: Clock;
  /** Run it though the ledger says that it failed or was left out: somebody asked for it. */
  readonly anew: boolean;
  /** Whether the occurrence may run though what it waits for is not there. */
  readonly runsUnready: (now: Date) => boolean;
}

/**
 * Keeps the record of one occurrence while the job's lock is held: nobody else writes it, so that of
 * several schedulers exactly one runs it, and none counts an attempt twice.
 */
export class OccurrenceAccount implements RunWitness {
  readonly #request: AccountRequest;
  #before: OccurrenceRecord;

  constructor(request: AccountRequest) {
    this.#request = request;
    this.#before = newRecord(request.occurrence, request.clock.now());
  }

  /** The record as it was written last. */
  get record(): OccurrenceRecord {
    return this.#before;
  }

  async begins(readiness: Readiness | null): Promise<void> {
    const { folderOfJob, occurrence, clock, anew, runsUnready } = this.#request;
    const known = await readRecord(folderOfJob, occurrence);
    if (known !== undefined && !anew && this.#isTaken(known)) throw new AlreadySettled();
    if (readiness?.isReady === false && !anew && !runsUnready(clock.now()))
      throw new NotReady(missingData(readiness));
    this.#before = known === undefined || anew ? newRecord(occurrence, clock.now()) : known;
    // Where this process is killed, the next look has to find it.
    if (anew) await unsettle(folderOfJob, occurrence);
    await this.#write({ state: 'running', nextAttemptAt: null });
  }

  async ends(end: RunEnd): Promise<void> {
    if (end.result === null) return this.failed(end.error);
    const { record, publishError } = end.result;
    const runId = record?.runId ?? null;
    if (publishError === null) return this.#write({ state: 'done', runId, error: null });
    const error = recorded(publishError);
    // Somebody has to look at it; publishing it again would end the same.
    if (isHeldBack(publishError)) return this.#write({ state: 'done', runId, error });
    // Nothing has to be computed any more: the store is tried until it is there.
    await this.#write({ state: 'waiting', runId, error, ...this.#oneMoreFailure() });
  }

  /** Writes down why it failed: it is tried again, or has failed for good. */
  async failed(error: unknown): Promise<void> {
    // It stays as running: the next look finds nobody who runs it, and it goes on.
    if (isNoFailure(error)) return;
    const failure = this.#oneMoreFailure();
    const isLast = failure.attempts > this.#request.schedule.retries && !this.#isKeptTrying(error);
    await this.#write({
      state: isLast ? 'failed' : 'waiting',
      error: recorded(error),
      ...failure,
      ...(isLast ? { nextAttemptAt: null } : {}),
    });
  }

  /** A store that is down when the occurrence begins is tried as long as one that goes down later. */
  #isKeptTrying(error: unknown): boolean {
    return !this.#request.anew && isStoreFailure(toServeBatchError(error));
  }

  #isTaken({ state, attempts, nextAttemptAt }: OccurrenceRecord): boolean {
    if (state !== 'waiting' && state !== 'running') return true;
    const now = this.#request.clock.now().getTime();
    const at = nextAttemptAt === null ? 0 : Date.parse(nextAttemptAt);
    const longest = backoffMs(this.#request.schedule, attempts);
    return at > now && at - now <= longest;
  }

  #oneMoreFailure(): { readonly attempts: number; readonly nextAttemptAt: string } {
    const { clock, schedule } = this.#request;
    const attempts = this.#before.attempts + 1;
    const at = clock.now().getTime() + backoffMs(schedule, attempts);
    return { attempts, nextAttemptAt: new Date(at).toISOString() };
  }

  async #write(changes: Partial<OccurrenceRecord>): Promise<void> {
    const { folderOfJob, clock } = this.#request;
    this.#before = { ...this.#before, ...changes, at: clock.now().toISOString() };
    await writeRecord(folderOfJob, this.#before);
  }
}
