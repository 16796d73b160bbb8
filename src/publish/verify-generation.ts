import { ServeBatchError } from '../core/errors.ts';
import type { GenerationCounts, ManagedStore } from '../kv/store.ts';

export interface VerifyRequest {
  readonly store: ManagedStore;
  readonly generation: string;
  /** Rows of all parts: as many values must be there, unless keys repeat. */
  readonly rows: number;
  /** Shards, or slices of the keys, that must have been staged, as the store numbers them. */
  readonly loads: readonly number[];
  /** What of runs before this one must be there, too; null: the generation is of one run alone. */
  readonly before: HeldBefore | null;
  /** How many values were there when the generation was verified before; null: it never was, or some may have ended. */
  readonly known: number | null;
  /** Loads them from the parts; idempotent. */
  readonly load: (loads: readonly number[]) => Promise<void>;
  /** Counts distinct keys and (key, field) pairs in the parts. */
  readonly countDistinct: () => Promise<GenerationCounts>;
  /** Writes the last of the rows that share a key and field over the others. */
  readonly settleDuplicates: () => Promise<void>;
}

/** What a generation holds of runs that it goes on from. */
export interface HeldBefore {
  /** How many values there are of them. */
  readonly values: number;
  /** How many there must be in all, once those of this run are beside or over them. */
  readonly together: (own: GenerationCounts) => Promise<number>;
  /** Some of them may come to their end meanwhile (`kv.ttl`): then `together` is the least. */
  readonly mayEnd: boolean;
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
  await request.load(request.loads.filter((each) => !staged.has(each)));
  const verified = await compare(request);
  if (verified !== null) return verified;
  await request.load(request.loads);
  const again = await compare(request);
  if (again !== null) return again;
  throw await incompleteError(request);
}

async function incompleteError({ store, generation, rows, before }: VerifyRequest): Promise<ServeBatchError> {
  const held = await store.count(generation);
  const expected = rows + (before?.values ?? 0);
  const upTo = before === null ? '' : 'at most ';
  return new ServeBatchError(
    'STORE_INCOMPLETE',
    `${store.url} holds ${held.values} values of generation ${generation}; expected ${upTo}${expected}. Nothing was published. Does the store evict keys (maxmemory-policy), or does another program delete them? Then run: serve-batch publish ${generation}`,
    { fields: { held: held.values, expected } },
  );
}

/** Distinct pairs are counted only where the plain count does not fit: that takes reading all parts. */
async function compare(request: VerifyRequest): Promise<VerifiedGeneration | null> {
  const { rows, before, known } = request;
  const held = await request.store.count(request.generation);
  const most = rows + (before?.values ?? 0);
  if (held.values === most || held.values === known) return { ...held, duplicates: 0 };
  if (held.values > most) return null;
  const distinct = await request.countDistinct();
  const expected = before === null ? distinct.values : await before.together(distinct);
  const fits = before?.mayEnd === true ? held.values >= expected : held.values === expected;
  if (!fits) return null;
  if (distinct.values < rows) await request.settleDuplicates();
  return { ...held, duplicates: rows - distinct.values };
}
