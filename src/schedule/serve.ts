import { setTimeout as wait } from 'node:timers/promises';
import { ServeBatchError } from '../core/errors.ts';
import { untilAborted } from '../core/until-aborted.ts';
import { folderOfJob } from '../jobs/locations.ts';
import { nextOccurrence } from './cron-times.ts';
import { forgetSchedule } from './first-sight.ts';
import { GoingRuns } from './going-runs.ts';
import { mendStore } from './keep-store.ts';
import type { LoadedSchedule } from './load-jobs.ts';
import { lookAtJob, noteWaiting, type Seen } from './look.ts';
import { type Ready, ReadyJobs } from './ready-jobs.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';
import { scorePublished } from './score-published.ts';
import { LOOKS_AT_ONCE, runAndReport } from './tick.ts';

/** Looked at all jobs at least so often: a clock that was set, or a machine that slept, is noticed. */
const LOOK_MS = 60_000;
/** A look that takes longer goes on by itself: its disk or its webhook holds up no other job. */
const LOOK_LIMIT_MS = 10_000;
/** Each job's store is compared with its published run so often, and its published runs with what came true. */
const STORE_LOOK_MS = 5 * 60_000;
/** What runs that are told to end at once may take to release their locks. */
const RELEASE_MS = 5000;

export interface ServeOptions {
  /** Called at each look at all jobs: job files may have changed. */
  readonly load: () => Promise<LoadedSchedule>;
  readonly effects: ScheduleEffects;
  /** Jobs that run at the same time. */
  readonly concurrency: number;
  /** Waits so long, or until the signal is aborted; never throws. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called with what was read first. */
  readonly onStart: (loaded: LoadedSchedule) => Promise<void>;
  /** Called after each look, at least each minute: a sign of life for those who watch the service. Never throws. */
  readonly onLook?: (look: Look) => Promise<void>;
}

export interface Look {
  readonly jobs: number;
  /** Names of jobs that run. */
  readonly running: readonly string[];
}

/**
 * Serves the schedule until it is asked to end: looks at all jobs at start, at each occurrence and each
 * minute, at one job after its run, and starts what is due. All it knows of what has run comes from the
 * output folders. Throws the reason of `effects.drain`, or one that says that nothing was going on.
 */
export async function serveSchedule(options: ServeOptions): Promise<never> {
  const { effects } = options;
  const service = new ScheduleService(options);
  await options.onStart(await options.load());
  while (!effects.drain.aborted) await service.lookAndSleep();
  const wasIdle = service.isIdle;
  await service.settled();
  throw wasIdle ? idleReason(effects.drain.reason) : effects.drain.reason;
}

/** The reason of signals speaks of shards; nobody was computing any. */
function idleReason(reason: unknown): unknown {
  if (!(reason instanceof ServeBatchError)) return reason;
  return new ServeBatchError(reason.code, `Ended by ${reason.code}. No job was running.`, { cause: reason });
}

class ScheduleService {
  readonly #options: ServeOptions;
  readonly #runs: GoingRuns;
  readonly #ready: ReadyJobs;
  /** Looks that have not ended, by the name of the job. */
  readonly #looks = new Map<string, Promise<Seen | null>>();
  /** When the store of a job was looked at last, in milliseconds of the monotonic clock. */
  readonly #storesSeen = new Map<string, number>();
  /** Jobs whose run has ended since they were looked at. */
  readonly #ended = new Map<string, ScheduledJob>();
  /** Comparisons with what came true that have not ended, by the name of the job. */
  readonly #scores = new Map<string, Promise<void>>();
  /** What is wrong and was said: once is enough. */
  readonly #said = new Map<string, string>();
  #wake = new AbortController();
  /** When all jobs were looked at, and when they are to be looked at again. */
  #lookedAt = Number.POSITIVE_INFINITY;
  #lookAt = 0;

  constructor(options: ServeOptions) {
    this.#options = options;
    const { clock, log, drain } = options.effects;
    this.#runs = new GoingRuns(options.concurrency, { clock, log });
    this.#ready = new ReadyJobs();
    drain.addEventListener('abort', () => this.#wake.abort(), { once: true });
  }

  get isIdle(): boolean {
    return this.#runs.names.length === 0;
  }

  /** Waits for the runs that are going on; for one that hangs only a little longer than the grace. */
  async settled(): Promise<void> {
    const { signal } = this.#options.effects;
    const hangs = new AbortController();
    const giveUp = (): void => void setTimeout(() => hangs.abort(), RELEASE_MS).unref();
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    const ended = Promise.all([this.#runs.settled(), ...this.#scores.values()]);
    await untilAborted(hangs.signal, ended).catch(() => {});
    signal.removeEventListener('abort', giveUp);
  }

  async lookAndSleep(): Promise<void> {
    const { effects, sleep, onLook } = this.#options;
    this.#wake = new AbortController();
    const now = effects.clock.now().getTime();
    // Earlier than before: the clock was set back.
    if (now >= this.#lookAt || now < this.#lookedAt) await this.#lookAtAll(now);
    else await this.#lookAtEach([...this.#ended.values()]);
    await this.#start();
    await onLook?.({ jobs: this.#ready.known, running: this.#runs.names });
    if (effects.drain.aborted) return;
    await sleep(Math.max(this.#lookAt - effects.clock.now().getTime(), 1), this.#wake.signal);
  }

  async #lookAtAll(now: number): Promise<void> {
    this.#lookedAt = now;
    this.#lookAt = now + LOOK_MS;
    const { jobs, off, problems } = await this.#options.load();
    for (const { job, error } of problems)
      this.#sayOnce(job, `the job file cannot be used: ${error.message}`);
    for (const { spec } of off) await forgetSchedule(folderOfJob(spec));
    this.#ready.keepOnly(jobs);
    await this.#lookAtEach(jobs);
  }

  async #lookAtEach(jobs: readonly ScheduledJob[]): Promise<void> {
    const waiting = [...jobs];
    const work = async (): Promise<void> => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        if (this.#options.effects.drain.aborted) return;
        this.#ended.delete(job.spec.name);
        const decision = await this.#lookInTime(job);
        if (decision !== null) this.#keep(job, decision);
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, work));
  }

  /** Null where it cannot be looked at, or not in time. */
  async #lookInTime(job: ScheduledJob): Promise<Seen | null> {
    const { name } = job.spec;
    if (this.#looks.has(name)) return null;
    const withStore = this.#isStoreDue(name);
    if (withStore) this.#score(job);
    const look = lookAtJob(job, this.#options.effects, { withStore })
      .catch((error: unknown) => {
        this.#sayOnce(name, `cannot be looked at: ${String(error)}`);
        return null;
      })
      .finally(() => this.#looks.delete(name));
    this.#looks.set(name, look);
    const timer = new AbortController();
    const limit = wait(LOOK_LIMIT_MS, null, { signal: timer.signal }).catch(() => null);
    try {
      return await Promise.race([look, limit]);
    } finally {
      timer.abort();
    }
  }

  /** Beside everything else: nothing waits for it but the end. */
  #score(job: ScheduledJob): void {
    const { name } = job.spec;
    if (this.#scores.has(name)) return;
    const scoring = scorePublished(job, this.#options.effects).finally(() => this.#scores.delete(name));
    this.#scores.set(name, scoring);
  }

  #isStoreDue(job: string): boolean {
    const now = this.#options.effects.clock.monotonicMs();
    if (now - (this.#storesSeen.get(job) ?? Number.NEGATIVE_INFINITY) < STORE_LOOK_MS) return false;
    this.#storesSeen.set(job, now);
    return true;
  }

  /** What a look found: what may start, and when to look again. */
  #keep(job: ScheduledJob, { run: [occurrence], lost, nextAt }: Seen): void {
    if (lost !== null) this.#ready.set(job, { kind: 'mend', lost });
    else this.#ready.set(job, occurrence === undefined ? null : { kind: 'run', occurrence });
    const next = nextOccurrence(job.schedule, this.#options.effects.clock.now());
    for (const at of [nextAt, next]) if (at !== null) this.#lookAt = Math.min(this.#lookAt, at.getTime());
  }

  /** As far as there is room. */
  async #start(): Promise<void> {
    const { effects } = this.#options;
    for (const ready of this.#ready.inOrder(effects.clock.now())) {
      if (effects.drain.aborted) return;
      if (this.#runs.has(ready.job.spec.name)) continue;
      if (this.#runs.hasRoomFor(ready.job)) this.#run(ready);
      else if (ready.work.kind === 'run') await noteWaiting(ready.job, ready.work.occurrence, effects);
    }
  }

  #run({ job, work }: Ready): void {
    const { effects } = this.#options;
    const { name } = job.spec;
    this.#ready.started(job, effects.clock.now());
    this.#runs.start(job, (progress) =>
      (work.kind === 'run'
        ? runAndReport(job, work.occurrence, effects, { progress })
        : mendStore(job, work.lost, effects)
      )
        .then(
          () => {},
          (error: unknown) => {
            if (!effects.drain.aborted)
              effects.log.error(`ended unexpectedly: ${String(error)}`, { job: name });
          },
        )
        .finally(() => {
          this.#ended.set(name, job);
          this.#wake.abort();
        }),
    );
  }

  #sayOnce(job: string, message: string): void {
    if (this.#said.get(job) === message) return;
    this.#said.set(job, message);
    this.#options.effects.log.warn(message, { job });
  }
}
