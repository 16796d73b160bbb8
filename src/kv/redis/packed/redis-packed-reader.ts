import type { ValueAddress } from '../../store.ts';
import { type RedisClient, sendAll } from '../connection/redis-client.ts';
import type { RedisKeys } from '../redis-keys.ts';
import { pipelineTexts, type RedisReader, unlessWrongType } from '../redis-reader.ts';
import { allValues, listIdOf, valueAt } from './packed-text.ts';
import { type FieldList, FieldLists } from './redis-field-lists.ts';

/**
 * Reads strings that hold the values of all fields of a key. A string that begins with no list of the
 * generation is a value by itself, of a job without field.
 */
export class RedisPackedReader implements RedisReader {
  readonly #keys: RedisKeys;
  readonly #lists: FieldLists;

  constructor(keys: RedisKeys) {
    this.#keys = keys;
    this.#lists = new FieldLists(keys);
  }

  async get(
    redis: RedisClient,
    generation: string,
    { key, field }: ValueAddress,
  ): Promise<string | undefined> {
    const text = await this.#text(redis, generation, key);
    if (text === undefined) return undefined;
    return fieldValue(text, field, await this.#lists.find(redis, generation, listIdOf(text)));
  }

  async getSeries(
    redis: RedisClient,
    generation: string,
    key: string,
  ): Promise<[string, string][] | undefined> {
    const text = await this.#text(redis, generation, key);
    if (text === undefined) return undefined;
    const list = await this.#lists.find(redis, generation, listIdOf(text));
    if (list === undefined) return undefined;
    const values = allValues(text);
    return list.fields.map((field, place) => [field, values[place] ?? '']);
  }

  /** Asks once for a key, however many of its fields are wanted. */
  async getMany(
    redis: RedisClient,
    generation: string,
    addresses: readonly ValueAddress[],
  ): Promise<(string | undefined)[]> {
    const keys = [...new Set(addresses.map(({ key }) => key))];
    const found = pipelineTexts(
      await sendAll(
        redis,
        keys.map((key) => ['get', this.#keys.series(generation, key)]),
      ),
    );
    const texts = new Map(keys.map((key, index) => [key, found[index]]));
    const ids = found.map((text) => (text === undefined ? undefined : listIdOf(text)));
    const lists = await this.#lists.findAll(redis, generation, ids);
    return addresses.map(({ key, field }) => {
      const text = texts.get(key);
      return text === undefined ? undefined : fieldValue(text, field, lists.get(listIdOf(text)));
    });
  }

  async #text(redis: RedisClient, generation: string, key: string): Promise<string | undefined> {
    return (await unlessWrongType(redis.get(this.#keys.series(generation, key)))) ?? undefined;
  }
}

function fieldValue(text: string, field: string | null, list: FieldList | undefined): string | undefined {
  if (field === null) return list === undefined ? text : undefined;
  const place = list?.places.get(field);
  return place === undefined ? undefined : valueAt(text, place);
}
