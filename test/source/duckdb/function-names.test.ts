import { beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { FUNCTION_NAMES } from '../../../src/source/duckdb/function-names.ts';
import { openDatabase } from '../../support/database.ts';

/** Not consistent by DuckDB's account, and the same in each shard, or without a result. */
const HARMLESS = `current_database current_schema current_schemas error in_search_path sleep_ms write_log`;
/** DuckDB turns these words into functions that its list does not have. */
const WORDS = ['current_time', 'current_timestamp', 'localtime', 'localtimestamp'];

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});

async function names(condition: string): Promise<string[]> {
  const rows = await database.rows(
    `SELECT DISTINCT lower(function_name) AS n FROM duckdb_functions() WHERE ${condition} ORDER BY n`,
  );
  return rows.map(({ n }) => String(n));
}

/** The names, and those of macros that call one of them, or a macro that does. */
async function withMacros(called: readonly string[]): Promise<string[]> {
  const macros = await database.rows(
    `SELECT lower(function_name) AS n, macro_definition AS d FROM duckdb_functions() WHERE function_type = 'macro'`,
  );
  const found = new Set(called);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const { n, d } of macros) {
      const words = String(d).match(/\b\w+(?=\()|\b(?:current|local)_?(?:date|time|timestamp)\b/g) ?? [];
      if (words.some((word) => found.has(word))) found.add(String(n));
    }
  }
  return [...found].sort();
}

it('aggregates are those that DuckDB has, and the macros that are made of them', async () => {
  const expected = await withMacros(await names(`function_type = 'aggregate'`));
  expect([...FUNCTION_NAMES.aggregates].sort()).toEqual(expected);
  expect(expected).toContain('weighted_avg');
});

it('unstable are those that DuckDB calls so but for some harmless ones, and the macros that are made of them', async () => {
  const own = await names(`function_type <> 'aggregate' AND stability <> 'CONSISTENT'`);
  const harmful = own.filter((name) => !HARMLESS.split(' ').includes(name));
  const expected = await withMacros([...harmful, ...WORDS]);
  expect([...FUNCTION_NAMES.unstable].sort()).toEqual(expected);
  expect(expected).toContain('ago');
});
