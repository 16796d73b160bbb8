import type { RedisClient } from '../connection/redis-client.ts';
import { LIST_FIELD, type RedisKeys } from '../redis-keys.ts';
import { readFieldList } from './packed-text.ts';

/** The fields that a packed string has values for. */
export interface FieldList {
  readonly fields: readonly string[];
  /** The place of a field's value, from 0. */
  readonly places: ReadonlyMap<string, number>;
}

/** Lists kept by a reader. One week of one job has a few; where every key has its own, they are asked for again. */
const KEPT = 10_000;

/** The lists of fields that a reader has met, by generation and id: they never change. */
export class FieldLists {
  readonly #keys: RedisKeys;
  readonly #lists = new Map<string, FieldList>();

  constructor(keys: RedisKeys) {
    this.#keys = keys;
  }

  /** Undefined where the generation has no such list. */
  async find(redis: RedisClient, generation: string, id: string | undefined): Promise<FieldList | undefined> {
    if (id === undefined) return undefined;
    const kept = this.#lists.get(nameOf(generation, id));
    if (kept !== undefined) return kept;
    return (await this.findAll(redis, generation, [id])).get(id);
  }

  /** Those of the ids that the generation has a list of. */
  async findAll(
    redis: RedisClient,
    generation: string,
    ids: readonly (string | undefined)[],
  ): Promise<ReadonlyMap<string | undefined, FieldList>> {
    const found = new Map<string | undefined, FieldList>();
    const missing: string[] = [];
    for (const id of new Set(ids)) {
      if (id === undefined) continue;
      const kept = this.#lists.get(nameOf(generation, id));
      if (kept === undefined) missing.push(id);
      else found.set(id, kept);
    }
    if (missing.length === 0) return found;
    const names = missing.map((id) => `${LIST_FIELD}${id}`);
    const texts = await redis.hmget(this.#keys.meta(generation), ...names);
    missing.forEach((id, index) => {
      const text = texts[index];
      if (text != null) found.set(id, this.#keep(nameOf(generation, id), text));
    });
    return found;
  }

  #keep(name: string, text: string): FieldList {
    const fields = readFieldList(text);
    const list = { fields, places: new Map(fields.map((field, place) => [field, place])) };
    if (this.#lists.size >= KEPT) this.#lists.clear();
    this.#lists.set(name, list);
    return list;
  }
}

function nameOf(generation: string, id: string): string {
  return `${generation} ${id}`;
}
