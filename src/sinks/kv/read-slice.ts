import type { KvPlan } from '../../core/plan.ts';
import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import { parseTemplate } from '../../core/text/template.ts';
import type { KvBatch } from '../../kv/store.ts';
import { streamVectors } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { keyOrder } from './key-order.ts';
import { selectOf, toBatches } from './kv-batches.ts';
import { planKvTexts } from './kv-texts.ts';

/** The place of a row among those of all parts. */
const PLACE = 'serve_batch_place';

/** A share of the keys: the one with this index, from 0, of so many. */
export interface Slice {
  readonly index: number;
  readonly of: number;
}

/**
 * The rows of a share of the keys from all parts, those of one key next to each other and in their order, so that the
 * last of several with one field wins. Whatever shards a key lies in, a store is told all of it at once.
 *
 * Which slice a row is in follows from the columns of its key. Columns that differ may make the same key (a null makes
 * it empty): then it is in several slices, and a store takes it as it does a key that lies in several shards.
 */
export async function* readSlice(
  database: Database,
  kv: KvPlan,
  parts: readonly string[],
  { index, of }: Slice,
): AsyncGenerator<KvBatch> {
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const names = parseTemplate(kv.key, 'kv.key').columns.map(quoteName);
  const rows = `SELECT *, row_number() OVER () AS ${PLACE} FROM ${from} WHERE hash(${names.join(', ')}) % ${of} = ${index}`;
  const texts = planKvTexts(kv, columns);
  const sorted = `(${rows}) ORDER BY ${keyOrder(kv, columns)}, ${PLACE}`;
  yield* toBatches(texts, streamVectors(database, selectOf(texts, sorted)));
}
