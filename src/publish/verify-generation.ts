import { ServeBatchError } from '../core/errors.ts';
import type { GenerationCounts, ManagedStore } from '../kv/store.ts';

export interface VerifyRequest {
  readonly store: ManagedStore;
  readonly generation: string;
  /** Rows of all parts: as many values must be there, unless keys repeat. */
  readonly rows: number;
  /** Shards that must have been staged. */
  readonly shards: readonly number[];
  /** Loads shards from their parts; idempotent. */
  readonly load: (shards: readonly number[]) => Promise<void>;
  /** Counts distinct keys and (key, field) pairs in the parts. */
  readonly countDistinct: () => Promise<GenerationCounts>;
  /** Writes the last of the rows that share a key and field over the others. */
  readonly settleDuplicates: () => Promise<void>;
}

export interface VerifiedGeneration extends GenerationCounts {
  /** Rows whose key and field another, later row has too. */
  readonly duplicates: number;
}

/**
 * Makes sure that the store really holds a generation, by counting what is in it, and loads again what
 * is missing. Throws `STORE_INCOMPLETE` where it still is not whole.
 */
export async function verifyGeneration(request: VerifyRequest): Promise<VerifiedGeneration> {
  const staged = await request.store.stagedShards(request.generation);
  await request.load(request.shards.filter((shard) => !staged.has(shard)));
  const verified = await compare(request);
  if (verified !== null) return verified;
  await request.load(request.shards);
  const again = await compare(request);
  if (again !== null) return again;
  const held = await request.store.count(request.generation);
  throw new ServeBatchError(
    'STORE_INCOMPLETE',
    `${request.store.url} holds ${held.values} values of generation ${request.generation}; expected ${request.rows}. Nothing was published. Does the store evict keys (maxmemory-policy), or does another program delete them? Then run: serve-batch publish ${request.generation}`,
    { fields: { held: held.values, expected: request.rows } },
  );
}

/** Distinct pairs are counted only where the plain count does not fit: that takes reading all parts. */
async function compare(request: VerifyRequest): Promise<VerifiedGeneration | null> {
  const held = await request.store.count(request.generation);
  if (held.values === request.rows) return { ...held, duplicates: 0 };
  if (held.values > request.rows) return null;
  const distinct = await request.countDistinct();
  if (held.values !== distinct.values) return null;
  await request.settleDuplicates();
  return { ...held, duplicates: request.rows - distinct.values };
}
