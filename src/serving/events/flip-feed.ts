import { setTimeout as wait } from 'node:timers/promises';
import { ServeBatchError } from '../../core/errors.ts';
import type { KvStore } from '../../kv/store.ts';
import type { StoreGate } from '../store-gate.ts';
import { type FlipEvent, SeenFlips } from './seen-flips.ts';

export interface FlipFeedOptions {
  readonly store: Pick<KvStore, 'lastFlip' | 'info'>;
  readonly gate: StoreGate;
  /** Between two looks at the store. */
  readonly everyMs: number;
  /** For so many looks it goes on after the last client has left: it may come back, and ask what it has missed. */
  readonly looksAlone: number;
}

export interface FlipListener {
  readonly tell: (event: FlipEvent) => void;
  /** No more will come. */
  readonly end: () => void;
}

/**
 * Tells clients of each flip of one job. However many follow, the store is asked once for all of them; while
 * nobody does, it is not asked.
 */
export class FlipFeed {
  readonly #options: FlipFeedOptions;
  readonly #listeners = new Set<FlipListener>();
  readonly #closed = new AbortController();
  #seen = new SeenFlips();
  #looking: Promise<void> | undefined;
  #watching: Promise<void> | undefined;

  constructor(options: FlipFeedOptions) {
    this.#options = options;
  }

  /**
   * Tells what was missed since the event `lastId`, and then each flip, until the function that it returns is
   * called. Throws as the store does.
   */
  async listen(lastId: string | undefined, listener: FlipListener): Promise<() => void> {
    await this.#look();
    for (const event of this.#seen.since(lastId)) listener.tell(event);
    if (this.#closed.signal.aborted) listener.end();
    else {
      this.#listeners.add(listener);
      this.#watching ??= this.#watch();
    }
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { everyMs, looksAlone } = this.#options;
    const { signal } = this.#closed;
    try {
      for (let alone = 0; alone < looksAlone; alone = this.#listeners.size === 0 ? alone + 1 : 0) {
        await wait(everyMs, undefined, { signal, ref: false });
        // A store that is away is asked again; those who follow wait.
        await this.#look().catch(unlessExpected);
      }
    } catch {
      // Closed, or a fault that the next client is told of.
    }
    for (const { end } of this.#listeners) end();
    this.#listeners.clear();
    // What happens from here on is not seen.
    this.#seen = new SeenFlips();
    this.#watching = undefined;
  }

  /** Those who ask at the same time share one look. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { store, gate } = this.#options;
    const flip = await gate.run(() => store.lastFlip());
    if (flip === undefined || this.#seen.isKnown(flip)) return;
    const info = await gate.run(() => store.info(flip.generation));
    // Replaced and dropped meanwhile: the next look sees what by.
    if (info === undefined) return;
    const event = this.#seen.add(flip, info);
    for (const { tell } of this.#listeners) tell(event);
  }
}

function unlessExpected(error: unknown): void {
  if (!(error instanceof ServeBatchError)) throw error;
}
