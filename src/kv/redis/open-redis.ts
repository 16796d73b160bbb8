import type { Clock } from '../../core/effects.ts';
import { ClusterConnection } from './cluster/cluster-connection.ts';
import { ClusterServers } from './cluster/cluster-servers.ts';
import { parseRedisAddress, type RedisAddress } from './connection/redis-address.ts';
import { REDIS_TIMEOUTS, RedisConnection, type RedisTimeouts } from './connection/redis-connection.ts';
import { OneServer } from './one-server.ts';
import { RedisKeys } from './redis-keys.ts';
import type { RedisServers } from './redis-servers.ts';
import { RedisStore } from './redis-store.ts';
import { SentinelLink } from './sentinel/sentinel-link.ts';

export interface OpenRedisOptions {
  readonly url: string;
  readonly job: string;
  readonly clock: Clock;
  readonly timeouts?: RedisTimeouts;
}

/** The store behind an address of Redis. No connection is made before it is used. Throws `USAGE`. */
export function openRedis({ url, job, clock, timeouts = REDIS_TIMEOUTS }: OpenRedisOptions): RedisStore {
  return new RedisStore({ servers: serversOf(parseRedisAddress(url), job, timeouts), job, clock });
}

/** One implementation for each kind of address. */
function serversOf(address: RedisAddress, job: string, timeouts: RedisTimeouts): RedisServers {
  const { members } = address;
  switch (members.kind) {
    case 'server':
      return new OneServer(new RedisConnection(address, timeouts), new RedisKeys(job), job);
    case 'sentinel':
      return new OneServer(new SentinelLink({ ...address, members }, timeouts), new RedisKeys(job), job);
    case 'cluster': {
      const keys = new RedisKeys(job, { inCluster: true });
      return new ClusterServers(new ClusterConnection({ ...address, members }, timeouts), keys, job);
    }
  }
}
