import type { KvLayout } from '../core/plan.ts';
import { storeKindOf } from './store-kinds.ts';

/** What a generation holds. */
export interface GenerationSize {
  readonly keys: number;
  readonly values: number;
  /** Of keys, fields and values. */
  readonly bytes: number;
}

/** LMDB: pages that are filled in the order of the shards, and the node of each entry. Measured: 1.88 and 1.92. */
const LMDB_SHARE = 1.9;
/** Redis 7.0: what an entry of a listpack takes beyond its bytes: its encoding and the length for the way back. */
const LISTPACK_ENTRY = 2;
/** Redis 7.0: the head of the string of a key, its object, its place in the dictionary. */
const KEY_OVERHEAD = 55;
/** What the allocator rounds up. Measured: predictions of seven days took 43 bytes each; this says 41. */
const ALLOCATOR_SHARE = 1.15;
/** A string a prediction took 137 bytes each, of which some 55 were key and value. */
const STRING_OVERHEAD = 82;
/** Packed by hash: 29 by 43 bytes with 7 fields a key, 11 by 37 with 168. */
const PACKED_SHARE = { few: 0.67, many: 0.3 };
const MANY_FIELDS = 24;

/** About how many bytes a generation takes up in its store: memory of Redis, the file of LMDB. */
export function heldBytes(url: string, layout: KvLayout, size: GenerationSize): number {
  if (size.keys === 0) return 0;
  if (storeKindOf(url)?.name === 'lmdb') return size.bytes * LMDB_SHARE;
  const fields = size.values / size.keys;
  if (fields === 1) return size.bytes + size.keys * STRING_OVERHEAD;
  const entries = size.values * 2 * LISTPACK_ENTRY;
  const hash = (size.bytes + entries) * ALLOCATOR_SHARE + size.keys * KEY_OVERHEAD;
  if (layout === 'hash') return hash;
  return hash * (fields < MANY_FIELDS ? PACKED_SHARE.few : PACKED_SHARE.many);
}
