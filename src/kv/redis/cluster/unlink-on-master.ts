import type { Fence } from '../../store.ts';
import { PATIENCE_MS } from '../connection/failover.ts';
import { SCAN_COUNT } from '../one-server.ts';
import { newerToken } from '../redis-scripts.ts';
import type { ClusterConnection, Master } from './cluster-connection.ts';
import { UNLINK_HERE } from './cluster-scripts.ts';

/** Deletes the keys of a pattern that a master holds. Returns the newer token where one was here, and stops then. */
export async function unlinkOnMaster(
  cluster: ClusterConnection,
  { connection }: Master,
  fenceKey: string,
  pattern: string,
  { lineage, token }: Fence,
): Promise<number | null> {
  let cursor = '0';
  do {
    const from = cursor;
    const [next, keys] = await connection.run((redis) =>
      redis.scan(from, 'MATCH', pattern, 'COUNT', SCAN_COUNT),
    );
    const answer =
      keys.length === 0
        ? []
        : await connection.run((redis) => redis.eval(UNLINK_HERE, 1, fenceKey, lineage, token, ...keys));
    const newer = Array.isArray(answer) ? null : newerToken(answer);
    if (newer !== null) return newer;
    // Of keys that are on their way between masters, the driver finds the place.
    for (const key of Array.isArray(answer) ? answer.map(String) : [])
      await cluster.run((client) => client.unlink(key), PATIENCE_MS.long);
    cursor = next;
  } while (cursor !== '0');
  return null;
}
