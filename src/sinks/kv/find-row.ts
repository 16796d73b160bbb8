import type { KvPlan } from '../../core/plan.ts';
import { quoteFile, quoteName, quoteText } from '../../core/text/sql.ts';
import type { ValueAddress } from '../../kv/store.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { keySql } from './kv-batches.ts';

/** A row of the parts. */
export interface PartRow {
  /** Its part, by the place in the list that was searched. */
  readonly part: number;
  /** From 0. */
  readonly row: number;
  /** The columns that were asked for, as texts. */
  readonly texts: Readonly<Record<string, string | null>>;
}

/** The row whose value the store has under a key: the last one, where several share it. Null: there is none. */
export async function findRow(
  database: Database,
  kv: Pick<KvPlan, 'key' | 'field'>,
  parts: readonly string[],
  { key, field, columns: wanted }: ValueAddress & { readonly columns: readonly string[] },
): Promise<PartRow | null> {
  // One after the other from the end: the search is over with the first that has the row.
  for (const [part, file] of [...parts.entries()].reverse()) {
    const from = `read_parquet(${quoteFile(file)}, file_row_number = true)`;
    const columns = await database.describe(`SELECT * FROM ${from}`);
    const texts = wanted.map((name, index) => `CAST(${quoteName(name)} AS VARCHAR) AS t${index}`);
    const [row] = await database.rows(
      `SELECT n, ${texts.map((_, index) => `t${index}`).join(', ')}
       FROM (SELECT file_row_number AS n, ${[...texts, keySql(kv, columns)].join(', ')} FROM ${from})
       WHERE k = ${quoteText(key)} AND f = ${quoteText(field ?? '')} ORDER BY n DESC LIMIT 1`,
    );
    if (row === undefined) continue;
    const found = wanted.map((name, index) => [name, textOf(row[`t${index}`])] as const);
    return { part, row: Number(row.n), texts: Object.fromEntries(found) };
  }
  return null;
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
