import { systemClock } from '../core/effects.ts';
import { lmdbFolder } from './lmdb/lmdb-kind.ts';
import { LmdbPointer } from './lmdb/lmdb-pointer.ts';
import type { OpenStoreOptions } from './open-store.ts';
import { openRedis } from './redis/open-redis.ts';
import type { StorePointer } from './store.ts';
import { type StoreKindName, storeKindOf } from './store-kinds.ts';
import { unknownStore } from './unknown-store.ts';

const OPENERS: Readonly<Record<StoreKindName, (options: Required<OpenStoreOptions>) => StorePointer>> = {
  lmdb: ({ url, job }) => new LmdbPointer({ folder: lmdbFolder(url), job }),
  redis: openRedis,
};

/**
 * What the store that a URL names shows of a job. It opens no file of LMDB: a process that must go on whatever
 * becomes of a disk may ask it. Throws `USAGE` for a URL that names no store.
 */
export function openPointer({ url, job, clock = systemClock }: OpenStoreOptions): StorePointer {
  const kind = storeKindOf(url);
  if (kind === undefined) throw unknownStore(url);
  return OPENERS[kind.name]({ url, job, clock });
}
