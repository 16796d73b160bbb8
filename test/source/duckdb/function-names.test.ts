import { expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../../src/source/duckdb/function-names.ts';
import { openDatabase } from '../../support/database.ts';

it('are those that DuckDB has', async () => {
  const database = await openDatabase();
  const rows = await database.rows(
    `SELECT DISTINCT lower(function_name) AS n, function_type = 'aggregate' AS aggregate
     FROM duckdb_functions() WHERE function_type = 'aggregate' OR stability <> 'CONSISTENT' ORDER BY n`,
  );
  const names = (aggregate: boolean) => rows.filter((row) => row.aggregate === aggregate).map(({ n }) => n);
  expect([...FUNCTION_NAMES.aggregates].sort()).toEqual(names(true));
  expect([...FUNCTION_NAMES.unstable].sort()).toEqual(names(false));
});
