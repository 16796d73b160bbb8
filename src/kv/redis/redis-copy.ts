import type { RedisLink } from './connection/redis-link.ts';
import type { RedisFence } from './fence/redis-fence.ts';
import { BASE_FIELD, LAYOUT_FIELD, LIST_FIELD, type RedisKeys, SHARD_FIELD } from './redis-keys.ts';
import { readHash } from './redis-reader.ts';
import { COPY } from './redis-scripts.ts';
import type { RedisServers } from './redis-servers.ts';

/** Keys copied in one step of the server: a few milliseconds for hashes of some dozen fields. */
const KEYS_PER_COPY = 500;
const FIELDS_PER_WRITE = 500;

export interface RedisCopy {
  readonly from: string;
  readonly to: string;
  /** How many keys SCAN looks at in one step. */
  readonly scanCount: number;
}

/**
 * Copies one generation to another. The new one's marks of staged shards go first, since a copy may replace what they
 * say; that it is a copy is noted last.
 */
export async function copyGeneration(
  servers: RedisServers,
  fence: RedisFence,
  { from, to }: Pick<RedisCopy, 'from' | 'to'>,
): Promise<void> {
  const { keys } = servers;
  const target = keys.meta(to);
  const marks = (await servers.runPatiently((redis) => readHash(redis, target))).flatMap(([field]) =>
    field.startsWith(SHARD_FIELD) ? [field] : [],
  );
  for (const some of pieces(marks, FIELDS_PER_WRITE)) await fence.write(target, 'HDEL', ...some);
  const kept = (await servers.runPatiently((redis) => readHash(redis, keys.meta(from)))).filter(
    ([field]) => field === LAYOUT_FIELD || field.startsWith(LIST_FIELD),
  );
  for (const some of pieces(kept.flat(), FIELDS_PER_WRITE)) await fence.write(target, 'HSET', ...some);
  await servers.copy(from, to, fence);
  await fence.write(target, 'HSET', BASE_FIELD, from);
}

/** Copies the predictions in the server: no value crosses the network. A key that is copied twice ends the same. */
export async function copyKeys(
  link: RedisLink,
  keys: RedisKeys,
  { from, to, scanCount }: RedisCopy,
  fence: RedisFence,
): Promise<void> {
  const [own, others] = [keys.series(from, ''), keys.series(to, '')];
  let cursor = '0';
  do {
    const at = cursor;
    const [next, found] = await link.runPatiently((redis) =>
      redis.scan(at, 'MATCH', keys.seriesPattern(from), 'COUNT', scanCount),
    );
    for (const some of pieces(found, KEYS_PER_COPY)) {
      const names = some.map((key) => `${others}${key.slice(own.length)}`);
      await fence.run(COPY, some, names);
    }
    cursor = next;
  } while (cursor !== '0');
}

export function pieces<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
