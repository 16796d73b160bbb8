import type { Progress, ProgressUpdate } from '../../core/effects.ts';

/** What is known of a run at one instant. */
export interface RunState extends ProgressUpdate {
  /** Milliseconds from the first row that could be scored to the end of scoring, or to now. */
  readonly scoringMs: number;
}

/** Remembers what a run has told of itself, and how long it has been scoring. */
export class StateKeeper implements Progress {
  readonly #now: () => number;
  #state: ProgressUpdate = { stage: 'plan' };
  #scoringSince: number | null = null;
  /** The rate is that of scoring: it does not sink while the store is loaded and counted. */
  #scoringUntil: number | null = null;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  update(update: ProgressUpdate): void {
    this.#state = { ...this.#state, ...update };
    if (update.stage === 'score') {
      this.#scoringSince ??= this.#now();
      this.#scoringUntil = null;
    } else if (this.#scoringSince !== null) this.#scoringUntil ??= this.#now();
  }

  get state(): RunState {
    const scoringMs =
      this.#scoringSince === null ? 0 : (this.#scoringUntil ?? this.#now()) - this.#scoringSince;
    return { ...this.#state, scoringMs };
  }
}
