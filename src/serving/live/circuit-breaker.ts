import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';

/** Failures in a row after which the process is left alone. */
const MOST_FAILURES = 3;
/** For how long: then one question tries it again. */
export const OPEN_MS = 10_000;

/** Keeps questions from a process that fails again and again. */
export class CircuitBreaker {
  readonly #clock: Clock;
  #failures = 0;
  #openUntilMs = 0;
  #reason: ServeBatchError | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOpen(): boolean {
    return this.#reason !== null && this.#clock.monotonicMs() < this.#openUntilMs;
  }

  /** Throws `LIVE_UNAVAILABLE` while it is open. */
  assertClosed(): void {
    if (!this.isOpen) return;
    throw new ServeBatchError(
      'LIVE_UNAVAILABLE',
      'The live model of this job has failed several times and is left alone for some seconds.',
      { cause: this.#reason },
    );
  }

  succeeded(): void {
    this.#failures = 0;
    this.#reason = null;
  }

  /** @param forGood the next try would fail, too: nothing waits for further ones */
  failed(reason: ServeBatchError, forGood: boolean): void {
    this.#failures++;
    if (!forGood && this.#failures < MOST_FAILURES) return;
    this.#reason = reason;
    this.#openUntilMs = this.#clock.monotonicMs() + OPEN_MS;
  }
}
