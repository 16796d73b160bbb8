import { ServeBatchError } from '../core/errors.ts';
import { folderOfJob } from '../jobs/locations.ts';
import { nextOccurrence } from './cron-times.ts';
import type { Decision } from './decide.ts';
import { forgetSchedule } from './first-sight.ts';
import type { LoadedSchedule } from './load-jobs.ts';
import { lookAtJob, noteWaiting } from './look.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';
import { runAndReport } from './tick.ts';

/** Looked at least so often: a clock that was set, or a machine that slept, is noticed. */
const LOOK_MS = 60_000;

export interface ServeOptions {
  /** Called at each look: job files may have changed. */
  readonly load: () => Promise<LoadedSchedule>;
  readonly effects: ScheduleEffects;
  /** Jobs that run at the same time. */
  readonly concurrency: number;
  /** Waits so long, or until the signal is aborted; never throws. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called with what was read first. */
  readonly onStart: (loaded: LoadedSchedule) => Promise<void>;
}

/**
 * Serves the schedule until it is asked to end: looks at start, at each occurrence, each minute and after
 * each run, and starts what is due. All it knows of what has run comes from the output folders. Throws the
 * reason of `effects.drain`, or one that says that nothing was going on.
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

interface Ready {
  readonly job: ScheduledJob;
  readonly occurrence: Date;
}

class ScheduleService {
  readonly #options: ServeOptions;
  /** Runs that are going on, by the name of the job. */
  readonly #runs = new Map<string, Promise<void>>();
  /** What is wrong and was said: once is enough. */
  readonly #said = new Map<string, string>();
  #wake = new AbortController();

  constructor(options: ServeOptions) {
    this.#options = options;
    options.effects.drain.addEventListener('abort', () => this.#wake.abort(), { once: true });
  }

  get isIdle(): boolean {
    return this.#runs.size === 0;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#runs.values());
  }

  async lookAndSleep(): Promise<void> {
    const { effects, load, sleep } = this.#options;
    this.#wake = new AbortController();
    const { jobs, off, problems } = await load();
    for (const { spec } of off) await forgetSchedule(folderOfJob(spec));
    for (const { job, error } of problems)
      this.#sayOnce(job, `the job file cannot be used: ${error.message}`);
    const decisions = await this.#lookAtAll(jobs);
    await this.#start(
      decisions.flatMap(({ job, decision }) =>
        decision.run.slice(0, 1).map((occurrence) => ({ job, occurrence })),
      ),
    );
    if (effects.drain.aborted) return;
    await sleep(this.#pauseMs(decisions), this.#wake.signal);
  }

  async #lookAtAll(jobs: readonly ScheduledJob[]) {
    const decisions: { readonly job: ScheduledJob; readonly decision: Decision }[] = [];
    for (const job of jobs) {
      if (this.#options.effects.drain.aborted) break;
      try {
        decisions.push({ job, decision: await lookAtJob(job, this.#options.effects) });
      } catch (error) {
        this.#sayOnce(job.spec.name, `cannot be looked at: ${String(error)}`);
      }
    }
    return decisions;
  }

  /** Oldest first, as far as there is room. */
  async #start(ready: readonly Ready[]): Promise<void> {
    const { effects, concurrency } = this.#options;
    const free = ready.filter(({ job }) => !this.#runs.has(job.spec.name));
    free.sort((a, b) => a.occurrence.getTime() - b.occurrence.getTime());
    for (const { job, occurrence } of free) {
      if (effects.drain.aborted) return;
      if (this.#runs.size < concurrency) this.#run(job, occurrence);
      else await noteWaiting(job, occurrence, effects);
    }
  }

  #run(job: ScheduledJob, occurrence: Date): void {
    const { effects } = this.#options;
    const { name } = job.spec;
    const run = runAndReport(job, occurrence, effects)
      .then(
        () => {},
        (error: unknown) => {
          if (!effects.drain.aborted) effects.log.warn(`ended unexpectedly: ${String(error)}`, { job: name });
        },
      )
      .finally(() => {
        this.#runs.delete(name);
        this.#wake.abort();
      });
    this.#runs.set(name, run);
  }

  /** Until the next minute, occurrence, spread start or retry, whichever is first. */
  #pauseMs(decisions: readonly { readonly job: ScheduledJob; readonly decision: Decision }[]): number {
    const now = this.#options.effects.clock.now();
    const times = decisions.flatMap(({ job, decision }) => [
      decision.nextAt?.getTime() ?? Number.POSITIVE_INFINITY,
      nextOccurrence(job.schedule, now)?.getTime() ?? Number.POSITIVE_INFINITY,
    ]);
    const until = Math.min(now.getTime() + LOOK_MS, ...times);
    return Math.max(until - now.getTime(), 1);
  }

  #sayOnce(job: string, message: string): void {
    if (this.#said.get(job) === message) return;
    this.#said.set(job, message);
    this.#options.effects.log.warn(message, { job });
  }
}
