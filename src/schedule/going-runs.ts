import type { Clock, Log, Progress } from '../core/effects.ts';
import { formatSeconds } from '../core/text/amounts.ts';
import type { ScheduledJob } from './schedule-effects.ts';

/** A run without any progress for so long keeps its lock, but no longer its place. */
export const STALLED_MS = 15 * 60_000;

interface GoingRun {
  readonly job: string;
  readonly slots: number;
  readonly end: Promise<void>;
  isStalled: boolean;
  /** Milliseconds of the monotonic clock. */
  lastProgressMs: number;
}

/**
 * The runs that are going on, and the places they take: `execution.slots` of `--concurrency`. One that hangs
 * gives its place to others after a while, so that a few of them cannot keep healthy jobs from running.
 */
export class GoingRuns {
  readonly #runs = new Map<string, GoingRun>();
  readonly #places: number;
  readonly #effects: { readonly clock: Clock; readonly log: Log };

  constructor(places: number, effects: { readonly clock: Clock; readonly log: Log }) {
    this.#places = places;
    this.#effects = effects;
  }

  get names(): readonly string[] {
    return [...this.#runs.keys()];
  }

  has(job: string): boolean {
    return this.#runs.has(job);
  }

  hasRoomFor(job: ScheduledJob): boolean {
    this.#findStalled();
    const taken = [...this.#runs.values()].reduce((sum, run) => sum + (run.isStalled ? 0 : run.slots), 0);
    return taken + this.#slotsOf(job) <= this.#places;
  }

  /** Resolves when it has ended and its places are free. */
  start(job: ScheduledJob, begin: (progress: Progress) => Promise<void>): Promise<void> {
    const { name } = job.spec;
    const now = (): number => this.#effects.clock.monotonicMs();
    const progress: Progress = {
      update: () => {
        const run = this.#runs.get(name);
        if (run === undefined) return;
        run.lastProgressMs = now();
        run.isStalled = false;
      },
    };
    const end = begin(progress).finally(() => this.#runs.delete(name));
    const slots = this.#slotsOf(job);
    this.#runs.set(name, { job: name, slots, end, isStalled: false, lastProgressMs: now() });
    return end;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(({ end }) => end));
  }

  /** A job that wants more places than there are takes all of them. */
  #slotsOf({ spec }: ScheduledJob): number {
    return Math.min(spec.execution.slots, this.#places);
  }

  #findStalled(): void {
    const { clock, log } = this.#effects;
    for (const run of this.#runs.values()) {
      if (run.isStalled || clock.monotonicMs() - run.lastProgressMs < STALLED_MS) continue;
      run.isStalled = true;
      log.warn(
        `has made no progress for ${formatSeconds(STALLED_MS / 1000)}: others may take its place. Set execution.timeout, so that such a run ends.`,
        { job: run.job },
      );
    }
  }
}
