import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';

/** How long a store that failed is left alone, before one request tries it again. */
export const RETRY_AFTER_MS = 1_000;

export interface StoreGateOptions {
  readonly clock: Clock;
  /** An answer that takes longer counts as none. Null: the store answers at once, or not at all. */
  readonly deadlineMs: number | null;
}

/**
 * Between requests and a store that may be away: once it has failed, requests get its error at once, and one
 * of them a second finds out whether it is back. So a store that does not answer holds up nobody for long.
 */
export class StoreGate {
  readonly #options: StoreGateOptions;
  #failure: ServeBatchError | undefined;
  #retryAtMs = 0;
  #isTrying = false;

  constructor(options: StoreGateOptions) {
    this.#options = options;
  }

  /** Whether the last that was heard of the store is a failure. */
  get failure(): ServeBatchError | undefined {
    return this.#failure;
  }

  /** Throws what `read` throws, and `STORE_UNAVAILABLE` after the deadline. */
  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#failure === undefined) return this.#observe(read);
    if (this.#isTrying || this.#options.clock.monotonicMs() < this.#retryAtMs) throw this.#failure;
    this.#isTrying = true;
    try {
      return await this.#observe(read);
    } finally {
      this.#isTrying = false;
    }
  }

  async #observe<T>(read: () => Promise<T>): Promise<T> {
    const { clock, deadlineMs } = this.#options;
    try {
      const answer = await (deadlineMs === null ? read() : withDeadline(read(), deadlineMs));
      this.#failure = undefined;
      return answer;
    } catch (error) {
      if (isStoreFailure(error)) {
        this.#failure = error;
        this.#retryAtMs = clock.monotonicMs() + RETRY_AFTER_MS;
      } else this.#failure = undefined;
      throw error;
    }
  }
}

/** Whether the store itself has failed, rather than the question. */
export function isStoreFailure(error: unknown): error is ServeBatchError {
  return error instanceof ServeBatchError && error.exitCode === STORE_EXIT_CODE;
}

const STORE_EXIT_CODE = new ServeBatchError('STORE_UNAVAILABLE', '').exitCode;

function withDeadline<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(new ServeBatchError('STORE_UNAVAILABLE', `The key-value store did not answer in ${ms} ms.`)),
      ms,
    );
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
