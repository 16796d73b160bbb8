import type { RowGroup } from '../../group-rows.ts';
import type { RedisBulk } from '../redis-bulk.ts';
import type { RedisCommands } from '../redis-commands.ts';

/** One HSET a key with all its fields, or a SET where the job has none; and an EXPIRE where it is to end. */
export class RedisHashCommands implements RedisCommands {
  readonly #bulk: RedisBulk;
  readonly #prefix: Buffer;
  readonly #ttlSeconds: string | null;
  #hasFields = false;

  /** @param prefix of every key of the generation */
  constructor(bulk: RedisBulk, prefix: Buffer, ttlSeconds: string | null) {
    this.#bulk = bulk;
    this.#prefix = prefix;
    this.#ttlSeconds = ttlSeconds;
  }

  put(group: RowGroup): void {
    const { bytes, keyStart, keyEnd, count, hasFields, fieldStarts, valueStarts, valueEnds } = group;
    const bulk = this.#bulk;
    bulk.begin(hasFields ? 2 + count * 2 : 3);
    bulk.part(hasFields ? 'HSET' : 'SET');
    bulk.piece(bytes, keyStart, keyEnd, this.#prefix);
    for (let index = 0; index < count; index++) {
      const valueStart = valueStarts[index] ?? 0;
      if (hasFields) bulk.piece(bytes, fieldStarts[index] ?? 0, valueStart);
      bulk.piece(bytes, valueStart, valueEnds[index] ?? 0);
    }
    if (this.#ttlSeconds !== null) {
      bulk.begin(3);
      bulk.part('EXPIRE');
      bulk.piece(bytes, keyStart, keyEnd, this.#prefix);
      bulk.part(this.#ttlSeconds);
    }
    this.#hasFields = hasFields;
  }

  /** HSET answers how many fields are new, SET only OK, and each EXPIRE 1. */
  created(staged: { readonly keys: number; readonly values: number }): number {
    if (!this.#hasFields) return staged.values;
    return this.#bulk.repliedSum - (this.#ttlSeconds === null ? 0 : staged.keys);
  }
}
