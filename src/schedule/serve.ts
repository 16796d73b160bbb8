import { ServeBatchError } from '../core/errors.ts';
import { untilAborted } from '../core/until-aborted.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import { nextOccurrence } from './cron/cron-times.ts';
import { forgetSchedule } from './due/first-sight.ts';
import { GoingRuns } from './going-runs.ts';
import { JobLooks } from './job-looks.ts';
import type { LoadedSchedule } from './load-jobs.ts';
import { lookAtJob, noteWaiting } from './look.ts';
import { findLostStore, mendStore } from './outage/keep-store.ts';
import { isInTime, type Ready, ReadyJobs } from './ready-jobs.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';
import { scorePublished } from './score-published.ts';
import { SideWork } from './side-work.ts';
import { runAndReport } from './tick.ts';

/** Looked at all jobs at least so often: a clock that was set, or a machine that slept, is noticed. */
const LOOK_MS = 60_000;
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
  readonly #ready = new ReadyJobs();
  readonly #looks: JobLooks;
  readonly #side = new SideWork();
  /** When the store of a job was looked at last, in milliseconds of the monotonic clock. */
  readonly #storesSeen = new Map<string, number>();
  /** Jobs whose run has ended since they were looked at. */
  readonly #ended = new Map<string, ScheduledJob>();
  /** The occurrence of a job that was noted last, for it had to wait for its turn. */
  readonly #noted = new Map<string, number>();
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
    this.#looks = new JobLooks(
      (job) => this.#look(job),
      () => this.#wake.abort(),
    );
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
    const ended = Promise.all([this.#runs.settled(), this.#side.settled()]);
    await untilAborted(hangs.signal, ended).catch(() => {});
    signal.removeEventListener('abort', giveUp);
  }

  async lookAndSleep(): Promise<void> {
    const { effects, sleep, onLook } = this.#options;
    this.#wake = new AbortController();
    const now = effects.clock.now().getTime();
    // Earlier than before: the clock was set back.
    if (now >= this.#lookAt || now < this.#lookedAt) await this.#lookAtAll(now);
    else await this.#looks.at([...this.#ended.values()]);
    this.#start();
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
    for (const { spec } of off) this.#beside('forget', spec.name, () => forgetSchedule(folderOfJob(spec)));
    this.#ready.keepOnly(jobs);
    await this.#looks.at(jobs);
  }

  /** What may start, and when to look again. */
  async #look(job: ScheduledJob): Promise<void> {
    const { effects } = this.#options;
    const { name } = job.spec;
    if (effects.drain.aborted) return;
    this.#ended.delete(name);
    this.#lookBeside(job);
    try {
      const { run, nextAt } = await lookAtJob(job, effects);
      this.#ready.setOccurrence(job, run[0] ?? null);
      const next = nextOccurrence(job.schedule, effects.clock.now());
      for (const at of [nextAt, next]) if (at !== null) this.#lookAt = Math.min(this.#lookAt, at.getTime());
    } catch (error) {
      this.#sayOnce(name, `cannot be looked at: ${String(error)}`);
    }
  }

  /** Stores and actuals are looked at now and then, and no job waits for another's. */
  #lookBeside(job: ScheduledJob): void {
    const { effects } = this.#options;
    const { name } = job.spec;
    const now = effects.clock.monotonicMs();
    if (now - (this.#storesSeen.get(name) ?? Number.NEGATIVE_INFINITY) < STORE_LOOK_MS) return;
    this.#storesSeen.set(name, now);
    this.#beside('score', name, () => scorePublished(job, effects));
    this.#beside('store', name, async () => {
      const lost = await findLostStore(job, effects);
      this.#ready.setLost(job, lost);
      if (lost !== null) this.#wake.abort();
    });
  }

  #beside(kind: string, job: string, work: () => Promise<void>): void {
    this.#side.begin(`${kind} ${job}`, () =>
      work().catch((error: unknown) => this.#sayOnce(job, `cannot be looked at: ${String(error)}`)),
    );
  }

  /** As far as there is room, at one instant: whoever is passed over has its turn before those behind it. */
  #start(): void {
    const { effects } = this.#options;
    const ready = this.#ready.inOrder(effects.clock.now());
    let isTurnOf: ScheduledJob | null = null;
    for (const each of this.#runs.inTurn(ready.filter(({ job }) => !this.#runs.has(job.spec.name)))) {
      if (effects.drain.aborted) return;
      if (this.#runs.hasRoomFor(each.job)) {
        this.#run(each);
        continue;
      }
      isTurnOf ??= each.job;
      if (isTurnOf === each.job) this.#runs.keepFor(each.job);
      this.#noteWaiting(each);
    }
  }

  /** One that is late counts as late however long it waits. */
  #noteWaiting({ job, work }: Ready): void {
    const { effects } = this.#options;
    if (work.kind !== 'run' || !isInTime(work.occurrence, effects.clock.now())) return;
    const { name } = job.spec;
    const at = work.occurrence.getTime();
    if (this.#noted.get(name) === at) return;
    this.#noted.set(name, at);
    this.#beside('note', name, () => noteWaiting(job, work.occurrence, effects));
  }

  #run({ job, work }: Ready): void {
    const { effects } = this.#options;
    const { name } = job.spec;
    this.#ready.started(job);
    const end = this.#runs.start(job, async (progress) => {
      try {
        if (work.kind === 'run') await runAndReport(job, work.occurrence, effects, { progress });
        else await mendStore(job, work.lost, effects);
      } catch (error) {
        if (!effects.drain.aborted) effects.log.error(`ended unexpectedly: ${String(error)}`, { job: name });
      }
    });
    void end.then(() => {
      this.#ended.set(name, job);
      // Others have waited for its place; whether it goes on itself, a look has to say.
      this.#start();
      this.#wake.abort();
    });
  }

  #sayOnce(job: string, message: string): void {
    if (this.#said.get(job) === message) return;
    this.#said.set(job, message);
    this.#options.effects.log.warn(message, { job });
  }
}
