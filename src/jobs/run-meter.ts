import type { Clock } from '../core/effects.ts';

/** What is measured of a run besides what the records of its shards say. */
export class RunMeter {
  readonly startedAt: Date;
  /** Work outside the shards: the typed copy of a text input, and loading the store. */
  readonly extraSeconds = { read: 0, stage: 0 };
  readonly #clock: Clock;
  readonly #startMs: number;
  #firstRowSeconds: number | null = null;

  /** @param startedAt where the run began in another process */
  constructor(clock: Clock, startedAt?: Date) {
    const now = clock.now();
    this.#clock = clock;
    this.startedAt = startedAt ?? now;
    this.#startMs = clock.monotonicMs() - Math.max(0, now.getTime() - this.startedAt.getTime());
  }

  /** From the start to the first rows; null: none yet. */
  get firstRowSeconds(): number | null {
    return this.#firstRowSeconds;
  }

  get seconds(): number {
    return (this.#clock.monotonicMs() - this.#startMs) / 1000;
  }

  sawRows(): void {
    this.#firstRowSeconds ??= this.seconds;
  }
}
