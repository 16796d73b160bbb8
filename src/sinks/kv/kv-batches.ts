import type { KvPlan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { quoteFile, quoteFiles, quoteName } from '../../core/text/sql.ts';
import { parseTemplate } from '../../core/text/template.ts';
import type { KvBatch } from '../../kv/store.ts';
import { streamChunks, streamVectors } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { columnOf, templateSql } from '../value-sql.ts';
import { KernelRows } from './kernel-rows.ts';
import { isSmallInteger, type KvTexts, planKvTexts } from './kv-texts.ts';
import { PlainRows } from './plain-rows.ts';
import type { RowWriter } from './row-writer.ts';

/**
 * The rows of a part for the store, all rows of one key next to each other. A table ordered by date
 * first would otherwise turn one write of seven fields into seven writes.
 */
export async function* readKvBatches(database: Database, kv: KvPlan, part: string): AsyncGenerator<KvBatch> {
  const from = `read_parquet(${quoteFile(part)}, file_row_number = true)`;
  const columns = await database.describe(`SELECT * FROM ${from}`);
  const texts = planKvTexts(kv, columns);
  const isInOrder = kv.field === null || (await isGrouped(database, kv, from, columns));
  const order = isInOrder ? '' : ` ORDER BY ${keyOrder(kv, columns)}, file_row_number`;
  yield* toBatches(database, texts, `${from}${order}`);
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
  const winners = `(SELECT *, count(*) OVER same AS c, row_number() OVER (same ORDER BY n DESC) AS place
    FROM (SELECT *, ${keySql(kv, columns)}, row_number() OVER () AS n FROM ${from})
    WINDOW same AS (PARTITION BY k, f)) WHERE c > 1 AND place = 1 ORDER BY k, f`;
  yield* toBatches(database, planKvTexts(kv, columns), winners);
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
  const text = (template: string) => `coalesce(${templateSql(template, columns)}, '')`;
  return `${text(kv.key)} AS k, ${kv.field === null ? "''" : text(kv.field)} AS f`;
}

/** Whether every key has all its rows in one place. */
async function isGrouped(
  database: Database,
  kv: KvPlan,
  from: string,
  columns: readonly Column[],
): Promise<boolean> {
  const integers = integersOfKey(kv.key, columns);
  if (integers !== null && (await isSorted(database, integers, from))) return true;
  return isInRuns(database, kv, from, columns);
}

/** What puts rows of one key next to each other. Integers are sorted in half the time that their texts take. */
function keyOrder({ key }: KvPlan, columns: readonly Column[]): string {
  const integers = integersOfKey(key, columns)?.map(quoteName);
  if (integers === undefined) return templateSql(key, columns);
  // All keys with a null in them are one: the empty text.
  return `${integers.map((name) => `${name} IS NULL`).join(' OR ')}, ${integers.join(', ')}`;
}

/**
 * The columns of a key, where all are small integers, and different ones always make different keys, since something
 * stands between any two. Null otherwise.
 */
function integersOfKey(key: string, columns: readonly Column[]): readonly string[] | null {
  const { columns: names, literals } = parseTemplate(key, 'kv.key');
  const areIntegers = names.every((name) => isSmallInteger(columnOf(name, columns).type));
  const areApart = literals.slice(1, -1).every((literal) => /[^-\d]/.test(literal));
  return areIntegers && areApart ? names : null;
}

/**
 * Whether columns of integers never fall from row to row, the first of them counting most. Most tables are sorted so,
 * and to see it takes a third of the time of {@link isInRuns}.
 */
async function isSorted(database: Database, names: readonly string[], from: string): Promise<boolean> {
  let last: readonly number[] = names.map(() => Number.NEGATIVE_INFINITY);
  const list = names.map(quoteName).join(', ');
  for await (const { rows, columns } of streamChunks(database, `SELECT ${list} FROM ${from}`)) {
    if (columns.some(({ validity }) => validity !== null)) return false;
    const numbers = columns.map(({ values }) => values as ArrayLike<number>);
    if (!isAscending(last, numbers, rows)) return false;
    last = numbers.map((column) => column[rows - 1] as number);
  }
  return true;
}

function isAscending(
  before: readonly number[],
  columns: readonly ArrayLike<number>[],
  rows: number,
): boolean {
  for (let row = 0; row < rows; row++) {
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] as ArrayLike<number>;
      const last = (row === 0 ? before[index] : column[row - 1]) as number;
      const next = column[row] as number;
      if (next < last) return false;
      if (next > last) break;
    }
  }
  return true;
}

/** The same of any columns: looked at where they change, and only there. */
async function isInRuns(
  database: Database,
  kv: KvPlan,
  from: string,
  columns: readonly Column[],
): Promise<boolean> {
  const names = parseTemplate(kv.key, 'kv.key').columns.map(quoteName);
  const changes = names.map((name) => `${name} IS DISTINCT FROM lag(${name}) OVER ()`).join(' OR ');
  const [counts] = await database.rows(
    `SELECT count(*) AS runs, count(DISTINCT coalesce(${templateSql(kv.key, columns)}, '')) AS keys
     FROM (SELECT *, file_row_number = 0 OR ${changes} AS changed FROM ${from}) WHERE changed`,
  );
  return counts?.runs === counts?.keys;
}

async function* toBatches(database: Database, texts: KvTexts, from: string): AsyncGenerator<KvBatch> {
  const kernel = new KernelRows(texts);
  try {
    yield* batchesOf(database, texts, from, kernel);
  } finally {
    kernel.close();
  }
}

async function* batchesOf(
  database: Database,
  texts: KvTexts,
  from: string,
  kernel: KernelRows,
): AsyncGenerator<KvBatch> {
  let writer: RowWriter = kernel;
  const list = texts.columns.map(({ sql }, index) => `${sql} AS c${index}`).join(', ');
  for await (const { rows, vectors } of streamVectors(database, `SELECT ${list} FROM ${from}`)) {
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
