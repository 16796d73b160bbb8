import type { Clock, Log, Progress } from '../core/effects.ts';
import { formatSeconds } from '../core/text/amounts.ts';
import type { ScheduledJob } from './schedule-effects.ts';

/** A run without any progress for so long keeps its lock, but no longer its place. */
export const STALLED_MS = 15 * 60_000;

/** What is said of it, and what to do. */
export const NO_PROGRESS = `has made no progress for ${formatSeconds(STALLED_MS / 1000)}: others may take its place. Set execution.timeout, so that such a run ends.`;

interface GoingRun {
  readonly job: string;
  readonly slots: number;
  readonly end: Promise<void>;
  /** Whether it started while places were kept for another job. */
  hasPassed: boolean;
  isStalled: boolean;
  /** Milliseconds of the monotonic clock. */
  lastProgressMs: number;
}

interface Kept {
  readonly job: string;
  readonly slots: number;
}

/**
 * The runs that are going on, and the places they take: `execution.slots` of `--concurrency`. One that hangs
 * gives its place to others after a while, so that a few of them cannot keep healthy jobs from running.
 *
 * A job of several slots whose turn it is and that finds too few places free has them kept: those that start from then on take
 * together no more than what it leaves over. So it starts at the latest when all the runs that were going on
 * have ended, and smaller jobs use the rest meanwhile.
 */
export class GoingRuns {
  #kept: Kept | null = null;
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

  /** Those that have made no progress for long. */
  get stalled(): readonly string[] {
    this.#findStalled();
    return [...this.#runs.values()].filter(({ isStalled }) => isStalled).map(({ job }) => job);
  }

  has(job: string): boolean {
    return this.#runs.has(job);
  }

  hasRoomFor(job: ScheduledJob): boolean {
    this.#findStalled();
    const slots = this.#slotsOf(job);
    if (this.#taken(() => true) + slots > this.#places) return false;
    if (this.#kept === null || this.#kept.job === job.spec.name) return true;
    return this.#taken(({ hasPassed }) => hasPassed) + slots <= this.#places - this.#kept.slots;
  }

  /** Keeps places for the job whose turn it is and that finds no room, unless another has come before it. One place comes free by itself. */
  keepFor(job: ScheduledJob): void {
    const slots = this.#slotsOf(job);
    if (this.#kept !== null || slots === 1) return;
    this.#kept = { job: job.spec.name, slots };
    for (const run of this.#runs.values()) run.hasPassed = false;
  }

  /** The job that places are kept for goes first; one that wants to start no longer loses them. */
  inTurn<T extends { readonly job: ScheduledJob }>(ready: readonly T[]): readonly T[] {
    const first = ready.find(({ job }) => job.spec.name === this.#kept?.job);
    if (first === undefined) {
      this.#kept = null;
      return ready;
    }
    return [first, ...ready.filter((each) => each !== first)];
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
    if (this.#kept?.job === name) this.#kept = null;
    const state = { hasPassed: this.#kept !== null, isStalled: false, lastProgressMs: now() };
    this.#runs.set(name, { job: name, slots: this.#slotsOf(job), end, ...state });
    return end;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(({ end }) => end));
  }

  #taken(counts: (run: GoingRun) => boolean): number {
    const counted = [...this.#runs.values()].filter((run) => !run.isStalled && counts(run));
    return counted.reduce((sum, { slots }) => sum + slots, 0);
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
      log.warn(NO_PROGRESS, { job: run.job });
    }
  }
}
