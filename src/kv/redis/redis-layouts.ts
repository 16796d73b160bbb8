import { KV_LAYOUTS, type KvLayout } from '../../core/plan.ts';
import type { RedisClient } from './connection/redis-client.ts';
import { LAYOUT_FIELD, type RedisKeys } from './redis-keys.ts';

/** Generations whose layout is kept: more than a store holds at once. */
const KEPT = 100;

/** The layouts of generations, which they say themselves: a job may change from one to another. */
export class RedisLayouts {
  readonly #keys: RedisKeys;
  readonly #layouts = new Map<string, KvLayout>();

  constructor(keys: RedisKeys) {
    this.#keys = keys;
  }

  /** What a reader has asked for before: without waiting, as most reads find it. */
  kept(generation: string): KvLayout | undefined {
    return this.#layouts.get(generation);
  }

  /** `hash` where the generation does not say it: it is not there (yet), or older than the choice. */
  async find(redis: RedisClient, generation: string): Promise<KvLayout> {
    const text = await redis.hget(this.#keys.meta(generation), LAYOUT_FIELD);
    const layout = KV_LAYOUTS.find((each) => each === text);
    if (layout === undefined) return 'hash';
    if (this.#layouts.size >= KEPT) this.#layouts.clear();
    this.#layouts.set(generation, layout);
    return layout;
  }

  forget(generation: string): void {
    this.#layouts.delete(generation);
  }
}
