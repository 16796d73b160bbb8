import type { KvPlan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { quoteFile, quoteFiles } from '../../core/text/sql.ts';
import type { KvBatch } from '../../kv/store.ts';
import { asChunk, holdVectors, streamVectors, type Vectors } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { templateSql } from '../value-sql.ts';
import { KernelRows } from './kernel-rows.ts';
import { integersOfKey, isGrouped, keyOrder, RowOrder } from './key-order.ts';
import { type KvTexts, planKvTexts } from './kv-texts.ts';
import { PlainRows } from './plain-rows.ts';
import type { RowWriter } from './row-writer.ts';

/** Of a part that is read once, and held for a look at its order: some megabytes. */
const MOST_HELD_ROWS = 262_144;

/**
 * The rows of a part for the store, all rows of one key next to each other. A table ordered by date
 * first would otherwise turn one write of seven fields into seven writes.
 * @param rows that it has at most
 */
export async function* readKvBatches(
  database: Database,
  kv: KvPlan,
  part: string,
  rows = Number.POSITIVE_INFINITY,
): AsyncGenerator<KvBatch> {
  const from = `read_parquet(${quoteFile(part)}, file_row_number = true)`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const texts = planKvTexts(kv, columns);
  if (kv.field !== null && rows <= MOST_HELD_ROWS && isEasyToHold(kv, columns, texts)) {
    const held = await holdVectors(database, selectOf(texts, from));
    if (isSortedByKey(held, texts)) return yield* toBatches(texts, held);
  }
  const isInOrder = kv.field === null || (await isGrouped(database, kv, from, columns));
  const order = isInOrder ? '' : ` ORDER BY ${keyOrder(kv, columns)}, file_row_number`;
  yield* toBatches(texts, streamVectors(database, selectOf(texts, `${from}${order}`)));
}

/** Keys of integers, and nothing that takes more than 8 bytes a row. */
function isEasyToHold(kv: KvPlan, columns: readonly Column[], texts: KvTexts): boolean {
  return integersOfKey(kv.key, columns) !== null && texts.columns.every(({ kind }) => kind !== 'text');
}

function isSortedByKey(held: Iterable<Vectors>, { key }: KvTexts): boolean {
  const places = key.flatMap((piece) => ('column' in piece ? [piece.column] : []));
  const order = new RowOrder();
  for (const { rows, vectors } of held) {
    const ofKey = places.flatMap((place) => vectors[place] ?? []);
    if (!order.goesOn(asChunk({ rows, vectors: ofKey }))) return false;
  }
  return true;
}

/**
 * Rows of the parts whose key and field occur more than once, the last of each: what a store must hold
 * in the end, however the shards were staged.
 */
export async function* readDuplicateWinners(
  database: Database,
  kv: KvPlan,
  parts: readonly string[],
): AsyncGenerator<KvBatch> {
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const { key, field } = templatesSql(kv, columns);
  // Names that no column of a table can have: the columns of the parts stand beside them.
  const winners = `(SELECT *, row_number() OVER () AS serve_batch_place,
      ${key} AS serve_batch_key, ${field} AS serve_batch_field FROM ${from})
    WINDOW same AS (PARTITION BY serve_batch_key, serve_batch_field)
    QUALIFY count(*) OVER same > 1 AND row_number() OVER (same ORDER BY serve_batch_place DESC) = 1 ORDER BY serve_batch_key, serve_batch_field`;
  const texts = planKvTexts(kv, columns);
  yield* toBatches(texts, streamVectors(database, selectOf(texts, winners)));
}

/** Distinct keys and distinct (key, field) pairs of the parts. */
export async function countDistinct(
  database: Database,
  kv: KvPlan,
  parts: readonly string[],
): Promise<{ readonly keys: number; readonly values: number }> {
  const from = `read_parquet(${quoteFiles(parts)})`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const [counts] = await database.rows(
    `SELECT count(DISTINCT k) AS keys, count(*) AS pairs FROM (SELECT DISTINCT ${keySql(kv, columns)} FROM ${from})`,
  );
  return { keys: Number(counts?.keys), values: Number(counts?.pairs) };
}

/** `k`: key, `f`: field, as the store has them. */
export function keySql(kv: Pick<KvPlan, 'key' | 'field'>, columns: readonly Column[]): string {
  const { key, field } = templatesSql(kv, columns);
  return `${key} AS k, ${field} AS f`;
}

function templatesSql(
  kv: Pick<KvPlan, 'key' | 'field'>,
  columns: readonly Column[],
): { readonly key: string; readonly field: string } {
  const text = (template: string) => `coalesce(${templateSql(template, columns)}, '')`;
  return { key: text(kv.key), field: kv.field === null ? "''" : text(kv.field) };
}

/** What is selected of a FROM clause for its texts. */
export function selectOf({ columns }: KvTexts, from: string): string {
  return `SELECT ${columns.map(({ sql }, index) => `${sql} AS c${index}`).join(', ')} FROM ${from}`;
}

/** The texts of what {@link selectOf} selects, in its order: rows of one key must lie next to each other in it. */
export async function* toBatches(
  texts: KvTexts,
  chunks: AsyncIterable<Vectors> | Iterable<Vectors>,
): AsyncGenerator<KvBatch> {
  const kernel = new KernelRows(texts);
  try {
    yield* batchesOf(texts, chunks, kernel);
  } finally {
    kernel.close();
  }
}

async function* batchesOf(
  texts: KvTexts,
  chunks: AsyncIterable<Vectors> | Iterable<Vectors>,
  kernel: KernelRows,
): AsyncGenerator<KvBatch> {
  let writer: RowWriter = kernel;
  for await (const { rows, vectors } of chunks) {
    if (writer.isFull) {
      yield writer.batch();
      writer.clear();
    }
    if (writer.write(vectors, rows)) continue;
    if (writer.rows > 0) yield writer.batch();
    // What the kernel does not take will most likely come again.
    writer = new PlainRows(texts);
    writer.write(vectors, rows);
  }
  if (writer.rows > 0) yield writer.batch();
}
