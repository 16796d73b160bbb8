import { quoteFiles, quoteName } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import type { ChosenColumns, CommonColumn } from './choose-columns.ts';
import type { ComparedRun } from './compared-run.ts';

/** The table of all keys: `k0...`, `s0...` of the segments, `a0...` and `b0...` before and after, `in_a` and `in_b`. */
export const JOINED = 'serve_batch_joined';

/**
 * Joins the parts of two runs by their keys, nulls included. Of rows that share a key the last one counts, as in the
 * store. DuckDB spills what does not fit into its memory. Returns how many rows of each run were passed over so.
 */
export async function joinRuns(
  database: Database,
  before: ComparedRun,
  after: ComparedRun,
  chosen: ChosenColumns,
): Promise<{ readonly before: number; readonly after: number }> {
  const duplicates = {
    before: await openSide(database, 'a', before, chosen),
    after: await openSide(database, 'b', after, chosen),
  };
  const { key, by, values } = chosen;
  const selected = [
    ...key.map((_, index) => `coalesce(a.k${index}, b.k${index}) AS k${index}`),
    ...by.map((_, index) => `CASE WHEN b.here THEN b.s${index} ELSE a.s${index} END AS s${index}`),
    ...values.flatMap((_, index) => [`a.v${index} AS a${index}`, `b.v${index} AS b${index}`]),
    'a.here IS NOT NULL AS in_a',
    'b.here IS NOT NULL AS in_b',
  ];
  const on = key.map((_, index) => `a.k${index} IS NOT DISTINCT FROM b.k${index}`).join(' AND ');
  await database.run(
    `CREATE TEMP TABLE ${JOINED} AS SELECT ${selected.join(', ')}
     FROM serve_batch_side_a a FULL JOIN serve_batch_side_b b ON ${on}`,
  );
  return duplicates;
}

async function openSide(
  database: Database,
  side: 'a' | 'b',
  { parts, rows }: ComparedRun,
  { key, by, values }: ChosenColumns,
): Promise<number> {
  const columns = [
    ...key.map(({ name, kind }, index) => `${keySql(name, kind)} AS k${index}`),
    ...by.map(({ name }, index) => `CAST(${quoteName(name)} AS VARCHAR) AS s${index}`),
    ...values.map((column, index) => `${valueSql(column)} AS v${index}`),
  ];
  const keys = key.map((_, index) => `k${index}`).join(', ');
  const read = `SELECT ${columns.join(', ')}, true AS here, filename AS part, file_row_number AS place
    FROM read_parquet(${quoteFiles(parts)}, hive_partitioning = false, filename = true, file_row_number = true)`;
  const [counted] = await database.rows(
    `SELECT count(*) AS keys FROM (SELECT DISTINCT ${keys} FROM (${read}))`,
  );
  const duplicates = rows - Number(counted?.keys);
  const last = `QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY part DESC, place DESC) = 1`;
  await database.run(
    `CREATE TEMP VIEW serve_batch_side_${side} AS SELECT * EXCLUDE (part, place) FROM (${read}) ${duplicates > 0 ? last : ''}`,
  );
  return duplicates;
}

/** Keys as the store writes them: whole numbers and texts of other types meet. */
function keySql(name: string, kind: CommonColumn['kind']): string {
  return kind === 'number' ? quoteName(name) : `CAST(${quoteName(name)} AS VARCHAR)`;
}

/** Lists as lists of doubles, other things as text. */
function valueSql({ name, kind }: CommonColumn): string {
  if (kind === 'number') return quoteName(name);
  return kind === 'list' ? `CAST(${quoteName(name)} AS DOUBLE[])` : `CAST(${quoteName(name)} AS VARCHAR)`;
}
