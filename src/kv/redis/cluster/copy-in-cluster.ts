import { PATIENCE_MS } from '../connection/failover.ts';
import { SCAN_COUNT } from '../one-server.ts';
import { pieces } from '../redis-copy.ts';
import type { RedisKeys } from '../redis-keys.ts';
import type { ClusterConnection, Master } from './cluster-connection.ts';
import type { FencedHere } from './fenced-here.ts';

/** Keys on their way through this process at once. */
const KEYS_AT_ONCE = 500;

/**
 * Copies the keys of one generation that a master holds to another generation, whose keys lie on other masters: so
 * the values pass through this process. A key that is copied twice ends the same.
 */
export async function copyInCluster(
  cluster: ClusterConnection,
  { connection }: Master,
  keys: RedisKeys,
  { from, to }: { readonly from: string; readonly to: string },
  here: FencedHere,
): Promise<void> {
  const [own, others] = [keys.series(from, ''), keys.series(to, '')];
  let cursor = '0';
  do {
    const at = cursor;
    const [next, found] = await connection.run((redis) =>
      redis.scan(at, 'MATCH', keys.seriesPattern(from), 'COUNT', SCAN_COUNT),
    );
    for (const some of pieces(found, KEYS_AT_ONCE))
      await Promise.all(some.map((key) => copyKey(cluster, here, key, `${others}${key.slice(own.length)}`)));
    cursor = next;
  } while (cursor !== '0');
}

/** With what is left of its time to live. */
async function copyKey(
  cluster: ClusterConnection,
  here: FencedHere,
  key: string,
  copy: string,
): Promise<void> {
  await cluster.run(async (client) => {
    const [value, ttl] = await Promise.all([client.dumpBuffer(key), client.pttl(key)]);
    if (value !== null && ttl !== 0)
      await here.write(client, 'RESTORE', copy, [String(Math.max(ttl, 0)), value, 'REPLACE']);
  }, PATIENCE_MS.long);
}
