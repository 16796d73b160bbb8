import type { RedisBulk } from '../load/redis-bulk.ts';
import { LIST_FIELD } from '../redis-keys.ts';
import type { PackedEntry, PackedMerges } from './packed-merges.ts';
import { MERGE_PACKED } from './redis-merge-script.ts';

/** The server has the lists of fields beside the keys, and merges in a script. What it creates is in the replies. */
export class MergesInServer implements PackedMerges {
  readonly #bulk: RedisBulk;
  readonly #meta: string;
  readonly #ttlSeconds: string | null;

  /** @param meta the key that holds the lists of fields */
  constructor(bulk: RedisBulk, meta: string, ttlSeconds: string | null) {
    this.#bulk = bulk;
    this.#meta = meta;
    this.#ttlSeconds = ttlSeconds;
  }

  /**
   * Before the key that needs it, on the same connection: no key is ever there without its list. HMSET and not HSET:
   * it answers OK, and the numbers that are answered are counted as values.
   */
  putList(id: string, list: Buffer): void {
    this.#bulk.begin(4);
    this.#bulk.part('HMSET');
    this.#bulk.part(this.#meta);
    this.#bulk.part(`${LIST_FIELD}${id}`);
    this.#bulk.piece(list, 0, list.length);
  }

  merge(entries: readonly PackedEntry[]): void {
    const bulk = this.#bulk;
    bulk.begin(5 + entries.length * 2);
    bulk.part('EVAL');
    bulk.part(MERGE_PACKED);
    bulk.part(String(entries.length + 1));
    bulk.part(this.#meta);
    for (const { key } of entries) bulk.piece(key, 0, key.length);
    bulk.part(this.#ttlSeconds ?? '');
    for (const { packed } of entries) bulk.piece(packed, 0, packed.length);
  }
}
