import type { ValueAddress } from '../../store.ts';
import { type RedisClient, type RedisCommand, sendAll } from '../connection/redis-client.ts';
import type { RedisKeys } from '../redis-keys.ts';
import { pipelineTexts, type RedisReader, readHash, unlessWrongType } from '../redis-reader.ts';

/** Reads hashes of fields, and strings where the job has no field. */
export class RedisHashReader implements RedisReader {
  readonly #keys: RedisKeys;

  constructor(keys: RedisKeys) {
    this.#keys = keys;
  }

  async get(
    redis: RedisClient,
    generation: string,
    { key, field }: ValueAddress,
  ): Promise<string | undefined> {
    const name = this.#keys.series(generation, key);
    return (await unlessWrongType(field === null ? redis.get(name) : redis.hget(name, field))) ?? undefined;
  }

  async getSeries(
    redis: RedisClient,
    generation: string,
    key: string,
  ): Promise<[string, string][] | undefined> {
    const series = await readHash(redis, this.#keys.series(generation, key));
    return series.length === 0 ? undefined : series;
  }

  async getMany(
    redis: RedisClient,
    generation: string,
    addresses: readonly ValueAddress[],
  ): Promise<(string | undefined)[]> {
    const commands = addresses.map(({ key, field }): RedisCommand => {
      const name = this.#keys.series(generation, key);
      return field === null ? ['get', name] : ['hget', name, field];
    });
    return pipelineTexts(await sendAll(redis, commands));
  }
}
