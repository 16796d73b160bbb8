import type { Clock } from '../core/effects.ts';

export interface ShortCacheOptions {
  readonly clock: Clock;
  readonly keepMs: number;
  /** The oldest of more are forgotten. */
  readonly most: number;
}

/** Keeps answers for a moment. Those who ask for the same at the same time wait for one and the same. */
export class ShortCache<T> {
  readonly #options: ShortCacheOptions;
  readonly #kept = new Map<string, { readonly answer: Promise<T>; readonly untilMs: number }>();

  constructor(options: ShortCacheOptions) {
    this.#options = options;
  }

  has(key: string): boolean {
    const known = this.#kept.get(key);
    return known !== undefined && this.#options.clock.monotonicMs() < known.untilMs;
  }

  /** Errors are told to all who wait, and not kept. */
  async get(key: string, make: () => Promise<T>): Promise<T> {
    const { clock, keepMs, most } = this.#options;
    const known = this.#kept.get(key);
    if (known !== undefined && clock.monotonicMs() < known.untilMs) return known.answer;
    const answer = make();
    const entry = { answer, untilMs: clock.monotonicMs() + keepMs };
    this.#kept.delete(key);
    this.#kept.set(key, entry);
    for (const oldest of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - most)))
      this.#kept.delete(oldest);
    try {
      return await answer;
    } catch (error) {
      if (this.#kept.get(key) === entry) this.#kept.delete(key);
      throw error;
    }
  }
}
