import type { ShardPlan } from '../../core/plan.ts';
import type { ResolvedInput } from '../../core/table.ts';
import { parseTemplate } from '../../core/text/template.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { shardsOfGridKey } from './shards-of-grid-key.ts';
import { shardsOfKeys } from './shards-of-keys.ts';

/** Shards that a key lies in, on average, from which it takes less to load each key at once. */
const MANY_SHARDS = 2;
/** Rows that are sorted at once, beside the rows of a few more shards. */
const ROWS_PER_SLICE = 524_288;
/** So that several processes have something to do. */
const FEWEST = 4;
/** Each slice looks at the keys of all rows; beyond this the slices grow, and are sorted on disk where they must be. */
const MOST = 64;

export interface SlicesRequest {
  readonly key: string;
  readonly input: ResolvedInput;
  readonly shards: readonly ShardPlan[];
}

/**
 * How many slices of the keys a store is loaded in. Null where it is loaded shard by shard: a key lies in one shard, or
 * in two where it goes on in the next one; or nobody knows, as of a key whose columns `features.select` makes.
 *
 * Either way the store holds the same in the end. So whatever keeps from looking keeps the run from nothing.
 */
export async function planSlices(
  database: Database,
  { key, input, shards }: SlicesRequest,
): Promise<number | null> {
  const [first] = shards;
  if (first === undefined || shards.length === 1) return null;
  const { columns } = parseTemplate(key, 'kv.key');
  const named = columns.flatMap((name) => input.columns.filter((column) => column.name === name));
  if (named.length < columns.length) return null;
  const shardRows = first.rowEnd - first.rowStart;
  const spread =
    input.grid === null
      ? await shardsOfKeys(database, input, named, shardRows).catch(() => null)
      : shardsOfGridKey(input.grid, columns, input.rows, shardRows);
  return spread === null || spread < MANY_SHARDS ? null : slicesOf(input.rows, shards.length);
}

export function slicesOf(rows: number, shards: number): number {
  return Math.min(shards, MOST, Math.max(FEWEST, Math.ceil(rows / ROWS_PER_SLICE)));
}
