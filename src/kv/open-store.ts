import { type Clock, systemClock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import { LmdbStore } from './lmdb/lmdb-store.ts';
import { RedisStore } from './redis/redis-store.ts';
import { parseRedisUrl, showUrl } from './redis/redis-url.ts';
import type { KvStore } from './store.ts';

export interface OpenStoreOptions {
  /** `lmdb:PATH`, `redis://[user:password@]host[:port][/db]` or `rediss://...`. */
  readonly url: string;
  readonly job: string;
  /** For times to live; the system's by default. */
  readonly clock?: Clock;
}

/**
 * The store that a URL names, for one job. Nothing is opened and no connection made before it is used.
 * Throws `USAGE` for any other URL.
 */
export function openStore({ url, job, clock = systemClock }: OpenStoreOptions): KvStore {
  if (/^rediss?:\/\//i.test(url)) return new RedisStore({ target: parseRedisUrl(url), job, clock });
  const folder = /^lmdb:(?:\/\/(?=\/))?(.+)$/i.exec(url)?.[1];
  if (folder !== undefined) return new LmdbStore({ folder, job, clock });
  throw new ServeBatchError(
    'USAGE',
    `The key-value store "${showUrl(url)}" is of no known kind. Give lmdb:PATH, redis://[user:password@]host[:port][/db] or rediss://... (TLS); none switches the store off.`,
    { fields: { url: showUrl(url) } },
  );
}
