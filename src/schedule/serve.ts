import { ServeBatchError } from '../core/errors.ts';
import { untilAborted } from '../core/until-aborted.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import { nextOccurrence } from './cron/cron-times.ts';
import { forgetSchedule } from './due/first-sight.ts';
import { GoingRuns, NO_PROGRESS } from './going-runs.ts';
import { JobLooks } from './job-looks.ts';
import { type JobProblem, JobProblems } from './job-problems.ts';
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
const WHAT_FAILED = { run: 'its last run', mend: 'to load its store again' } as const;
const SILENT_LOOK =
  'its folder, store, webhook or tables take long to answer, or do not answer at all. Other jobs do not wait for it.';

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
  /** Nobody who watches has to wait longer for a sign of life. Default: a minute. */
  readonly longestSilenceMs?: number;
  /** Called when it is asked to end, while runs finish. Never throws. */
  readonly onDrain?: () => Promise<void>;
}

export interface Look {
  readonly jobs: number;
  /** Names of jobs that run. */
  readonly running: readonly string[];
  /** Of single jobs: the scheduler itself is well. */
  readonly problems: readonly JobProblem[];
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
  await Promise.all([options.onDrain?.(), service.settled()]);
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
  readonly #problems: JobProblems;
  #wake = new AbortController();
  /** When all jobs were looked at, and when they are to be looked at again. */
  #lookedAt = Number.POSITIVE_INFINITY;
  #lookAt = 0;

  constructor(options: ServeOptions) {
    this.#options = options;
    const { clock, log, drain } = options.effects;
    this.#runs = new GoingRuns(options.concurrency, { clock, log });
    this.#problems = new JobProblems(log);
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
    const { effects, sleep, onLook, longestSilenceMs = LOOK_MS } = this.#options;
    this.#wake = new AbortController();
    const now = effects.clock.now().getTime();
    // Earlier than before: the clock was set back.
    if (now >= this.#lookAt || now < this.#lookedAt) await this.#lookAtAll(now);
    else await this.#looks.at([...this.#ended.values()]);
    this.#start();
    await onLook?.(this.#found());
    if (effects.drain.aborted) return;
    const pauseMs = Math.min(this.#lookAt - effects.clock.now().getTime(), longestSilenceMs);
    await sleep(Math.max(pauseMs, 1), this.#wake.signal);
  }

  #found(): Look {
    const stalled = this.#runs.stalled.map((job) => ({ job, problem: `its run ${NO_PROGRESS}` }));
    const silent = this.#looks.slow
      .filter((job) => this.#ready.has(job))
      .map((job) => ({ job, problem: SILENT_LOOK }));
    const problems = [...this.#problems.all, ...stalled, ...silent];
    return { jobs: this.#ready.known, running: this.#runs.names, problems };
  }

  async #lookAtAll(now: number): Promise<void> {
    this.#lookedAt = now;
    this.#lookAt = now + LOOK_MS;
    const { jobs, off, problems } = await this.#options.load();
    for (const { job, error } of problems)
      this.#problems.say('file', job, `the job file cannot be used: ${error.message}`);
    this.#problems.keepOnly('file', new Set(problems.map(({ job }) => job)));
    for (const { spec } of off) this.#beside('forget', spec.name, () => forgetSchedule(folderOfJob(spec)));
    this.#ready.keepOnly(jobs);
    const names = new Set(jobs.map(({ spec }) => spec.name));
    for (const place of ['look', 'store', 'score', 'note', 'run', 'mend'] as const)
      this.#problems.keepOnly(place, names);
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
      this.#problems.isOver('look', name);
    } catch (error) {
      this.#problems.say('look', name, cannotBeLookedAt(error));
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

  #beside(kind: 'forget' | 'note' | 'score' | 'store', job: string, work: () => Promise<void>): void {
    this.#side.begin(`${kind} ${job}`, () =>
      work().then(
        () => this.#problems.isOver(kind, job),
        (error: unknown) => this.#problems.say(kind, job, cannotBeLookedAt(error)),
      ),
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
        const fault =
          work.kind === 'run'
            ? await runAndReport(job, work.occurrence, effects, { progress })
            : await mendStore(job, work.lost, effects);
        if (fault === null) this.#problems.isOver(work.kind, name);
        else this.#problems.show(work.kind, name, `${WHAT_FAILED[work.kind]} failed: ${fault.message}`);
      } catch (error) {
        if (effects.drain.aborted) return;
        const problem = `ended unexpectedly: ${String(error)}`;
        this.#problems.show(work.kind, name, `${WHAT_FAILED[work.kind]} ${problem}`);
        effects.log.error(problem, { job: name });
      }
    });
    void end.then(() => {
      this.#ended.set(name, job);
      // It may be what they have waited for.
      for (const each of this.#ready.after(name)) this.#ended.set(each.spec.name, each);
      // Others have waited for its place; whether it goes on itself, a look has to say.
      this.#start();
      this.#wake.abort();
    });
  }
}

function cannotBeLookedAt(error: unknown): string {
  return `cannot be looked at: ${error instanceof ServeBatchError ? error.message : String(error)}`;
}
