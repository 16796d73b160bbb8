import type { Clock } from '../../core/effects.ts';
import { OneServer } from './one-server.ts';
import { parseRedisAddress, type RedisAddress } from './redis-address.ts';
import { REDIS_TIMEOUTS, RedisConnection, type RedisTimeouts } from './redis-connection.ts';
import { RedisKeys } from './redis-keys.ts';
import type { RedisServers } from './redis-servers.ts';
import { RedisStore } from './redis-store.ts';

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
export function serversOf(address: RedisAddress, job: string, timeouts: RedisTimeouts): RedisServers {
  return new OneServer(new RedisConnection(address, timeouts), new RedisKeys(job), job);
}
