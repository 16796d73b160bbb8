import { type SerializedError, serializeError } from '../core/errors.ts';

/** What became of loads since it was last asked. */
export interface LoadReport {
  /** Seconds that the loads took, beside the scoring of other shards. */
  readonly stageSeconds: number;
  /** Why the store could not be loaded; the first reason. Shards are committed all the same. */
  readonly storeError: SerializedError | null;
}

/**
 * Loads of the store that a worker does while it scores the next shard: a server then works, or another
 * process's transaction ends, while this one computes. One at a time, so that nothing piles up.
 */
export class StoreLoads {
  #current: Promise<void> | null = null;
  #seconds = 0;
  #error: SerializedError | null = null;
  readonly #abort = new AbortController();

  get isBusy(): boolean {
    return this.#current !== null;
  }

  /** Starts a load once the one before it has ended. */
  async start(load: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    await this.#current;
    this.#current = this.#run(load);
  }

  /** Waits for the load that is under way. */
  async settled(): Promise<void> {
    await this.#current;
  }

  /** Gives up the load that is under way, and waits for it. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#current;
  }

  report(): LoadReport {
    const report = { stageSeconds: this.#seconds, storeError: this.#error };
    this.#seconds = 0;
    this.#error = null;
    return report;
  }

  /** Never throws: a failure is reported. */
  async #run(load: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const start = performance.now();
    try {
      await load(this.#abort.signal);
    } catch (error) {
      this.#error ??= serializeError(error);
    } finally {
      this.#seconds += (performance.now() - start) / 1000;
      this.#current = null;
    }
  }
}
