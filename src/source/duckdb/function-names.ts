import type { Database } from './database.ts';

/** Names of DuckDB's functions, in lower case; unstable are those that give another result when they are called again. */
export async function functionNames(
  database: Database,
): Promise<{ readonly aggregates: ReadonlySet<string>; readonly unstable: ReadonlySet<string> }> {
  const rows = await database.rows(
    `SELECT DISTINCT lower(function_name) AS n, function_type = 'aggregate' AS aggregate
     FROM duckdb_functions() WHERE function_type = 'aggregate' OR stability <> 'CONSISTENT'`,
  );
  const names = (aggregate: boolean) =>
    new Set(rows.filter((row) => row.aggregate === aggregate).map(({ n }) => String(n)));
  return { aggregates: names(true), unstable: names(false) };
}
