import { type Clock, systemClock } from '../core/effects.ts';
import { lmdbFolder } from './lmdb/lmdb-kind.ts';
import { LmdbStore } from './lmdb/lmdb-store.ts';
import { openRedis } from './redis/open-redis.ts';
import type { KvStore } from './store.ts';
import { type StoreKindName, storeKindOf } from './store-kinds.ts';
import { unknownStore } from './unknown-store.ts';

export interface OpenStoreOptions {
  /** `lmdb:PATH`, `redis://[user:password@]host[:port][/db]`, `redis+cluster://...`, `redis+sentinel://...`, `rediss...`. */
  readonly url: string;
  readonly job: string;
  /** For times to live; the system's by default. */
  readonly clock?: Clock;
}

const OPENERS: Readonly<Record<StoreKindName, (options: Required<OpenStoreOptions>) => KvStore>> = {
  lmdb: ({ url, job, clock }) => new LmdbStore({ folder: lmdbFolder(url), job, clock }),
  redis: openRedis,
};

/**
 * The store that a URL names, for one job. Nothing is opened and no connection made before it is used.
 * Throws `USAGE` for any other URL.
 */
export function openStore({ url, job, clock = systemClock }: OpenStoreOptions): KvStore {
  const kind = storeKindOf(url);
  if (kind === undefined) throw unknownStore(url);
  return OPENERS[kind.name]({ url, job, clock });
}
