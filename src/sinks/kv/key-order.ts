import type { KvPlan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { quoteName } from '../../core/text/sql.ts';
import { parseTemplate } from '../../core/text/template.ts';
import { type Chunk, streamChunks } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { columnOf, templateSql } from '../value-sql.ts';
import { isSmallInteger } from './kv-texts.ts';

/** Whether every key has all its rows in one place. */
export async function isGrouped(
  database: Database,
  kv: Pick<KvPlan, 'key'>,
  from: string,
  columns: readonly Column[],
): Promise<boolean> {
  const integers = integersOfKey(kv.key, columns);
  if (integers !== null && (await isSorted(database, integers, from))) return true;
  return isInRuns(database, kv, from, columns);
}

/** What puts rows of one key next to each other. Integers are sorted in half the time that their texts take. */
export function keyOrder({ key }: Pick<KvPlan, 'key'>, columns: readonly Column[]): string {
  const integers = integersOfKey(key, columns)?.map(quoteName);
  if (integers === undefined) return templateSql(key, columns);
  // All keys with a null in them are one: the empty text.
  return `${integers.map((name) => `${name} IS NULL`).join(' OR ')}, ${integers.join(', ')}`;
}

/**
 * The columns of a key, where all are small integers, and different ones always make different keys, since something
 * stands between any two. Null otherwise.
 */
export function integersOfKey(key: string, columns: readonly Column[]): readonly string[] | null {
  const { columns: names, literals } = parseTemplate(key, 'kv.key');
  const areIntegers = names.every((name) => isSmallInteger(columnOf(name, columns).type));
  const areApart = literals.slice(1, -1).every((literal) => /[^-\d]/.test(literal));
  return areIntegers && areApart ? names : null;
}

/** Most tables are sorted so, and to see it takes a third of the time of {@link isInRuns}. */
async function isSorted(database: Database, names: readonly string[], from: string): Promise<boolean> {
  const order = new RowOrder();
  const list = names.map(quoteName).join(', ');
  for await (const chunk of streamChunks(database, `SELECT ${list} FROM ${from}`))
    if (!order.goesOn(chunk)) return false;
  return true;
}

/** Whether columns of integers never fall from row to row, chunk after chunk, the first of them counting most. */
export class RowOrder {
  #last: readonly number[] | null = null;

  /** False where they fall, or one is null. */
  goesOn({ rows, columns }: Chunk): boolean {
    if (columns.some(({ validity }) => validity !== null)) return false;
    const numbers = columns.map(({ values }) => values as ArrayLike<number>);
    const before = this.#last ?? numbers.map(() => Number.NEGATIVE_INFINITY);
    if (!isAscending(before, numbers, rows)) return false;
    this.#last = numbers.map((column) => column[rows - 1] as number);
    return true;
  }
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
  kv: Pick<KvPlan, 'key'>,
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
