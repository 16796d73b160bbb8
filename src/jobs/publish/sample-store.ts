import type { ManagedStore } from '../../kv/store.ts';
import type { RunReference } from '../../tasks/tasks.ts';
import type { Workers } from '../../tasks/workers.ts';

/** Parts that are looked into: the first, the last, and some between. */
const PARTS = 4;
const ROWS = 64;

/** How many values were looked for, and how many of them the store does not hold. */
export interface StoreSample {
  readonly looked: number;
  readonly missing: number;
}

/** Looks for some values of a generation that the store should hold. Throws `STORE_*` and what the parts throw. */
export async function sampleStore(
  store: Pick<ManagedStore, 'getMany'>,
  {
    workers,
    run,
    shards,
  }: { readonly workers: Workers; readonly run: RunReference; readonly shards: readonly number[] },
): Promise<StoreSample> {
  const keys = await workers.run('sample-keys', { ...run, shards: spread(shards, PARTS), rows: ROWS });
  const values = await store.getMany(run.runId, keys);
  return { looked: keys.length, missing: values.filter((value) => value === undefined).length };
}

/** At most so many of the items, evenly from the first to the last. */
export function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  const step = (items.length - 1) / (count - 1);
  return items.filter((_, index) =>
    Array.from({ length: count }, (_each, place) => Math.round(place * step)).includes(index),
  );
}
