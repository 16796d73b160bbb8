import { LMDB_KIND } from './lmdb/lmdb-kind.ts';
import { REDIS_KIND, showUrl } from './redis/redis-kind.ts';

/** Every kind of store. A new one is a folder with these facts and a `KvStore`, and a line here. */
export const STORE_KINDS = [LMDB_KIND, REDIS_KIND] as const;

export type StoreKindName = (typeof STORE_KINDS)[number]['name'];

/** All forms of an address, for messages: `lmdb:PATH, redis://HOST:PORT, rediss://HOST:PORT`. */
export const STORE_FORMS = STORE_KINDS.flatMap(({ forms }) => forms).join(', ');

/** The kind of store that an address names; undefined where it names none. */
export function storeKindOf(url: string): (typeof STORE_KINDS)[number] | undefined {
  return STORE_KINDS.find(({ pattern }) => new RegExp(`^(?:${pattern})$`, 'i').test(url));
}

/** An address for messages, records and hashes: without user name and password, also where it is mistyped. */
export function showStoreUrl(url: string): string {
  return (storeKindOf(url)?.show ?? showUrl)(url);
}

/** An address with relative paths made absolute; one that names no store stays as it is. */
export function resolveStoreUrl(url: string, folder: string): string {
  return storeKindOf(url)?.resolve(url, folder) ?? url;
}
