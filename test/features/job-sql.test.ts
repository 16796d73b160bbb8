import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { quoteText } from '../../src/core/text/sql.ts';
import {
  assertOnlyJobTables,
  conditionSql,
  isOneType,
  parseCondition,
  typeSql,
} from '../../src/features/job-sql.ts';
import { parseSelect } from '../../src/features/plan-select.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';

let database: Database;

beforeAll(async () => {
  database = await openDatabase();
});

async function tree(sql: string): Promise<string> {
  const [row] = await database.rows(`SELECT json_serialize_sql(${quoteText(sql)}) AS j`);
  return String(row?.j);
}

async function checkSelect(sql: string): Promise<void> {
  const tables = ['input', 'stores'];
  assertOnlyJobTables(parseSelect(await tree(sql)), {
    field: 'features.select',
    code: 'FEATURES_SELECT',
    tables,
  });
}

async function checkFilter(filter: string): Promise<void> {
  const parsed = parseCondition(await tree(conditionSql(filter)), 'input.filter');
  assertOnlyJobTables(parsed, { field: 'input.filter', code: 'INPUT_GRID', tables: ['stores'] });
}

describe('a SELECT reads the tables of the job', () => {
  it.each([
    'SELECT * FROM input JOIN stores USING (id)',
    'WITH open AS (SELECT * FROM Stores) SELECT * FROM INPUT i JOIN open USING (id)',
    'SELECT (SELECT max(x) FROM (VALUES (1), (2)) v(x)) AS m, * FROM input, range(1), unnest([1]) u',
    "SELECT 'read_csv' AS read_text FROM input",
  ])('%s', async (sql) => {
    await expect(checkSelect(sql)).resolves.toBeUndefined();
  });

  it.each([
    ["SELECT * FROM input, '/etc/passwd.csv'", 'the table "/etc/passwd.csv"'],
    ["SELECT * FROM input, 'https://example.org/x.parquet'", 'the table "https://example.org/x.parquet"'],
    ["SELECT (SELECT content FROM read_text('/etc/passwd')) AS c FROM input", 'read_text(...)'],
    ["SELECT * FROM input WHERE id IN (FROM read_csv('x.csv'))", 'read_csv(...)'],
    ["WITH a AS (FROM glob('/*')) SELECT * FROM input, a", 'glob(...)'],
    [
      'SELECT (WITH "/etc/x.csv" AS (SELECT 1) SELECT 1) AS one, * FROM input, "/etc/x.csv"',
      'the table "/etc/x.csv"',
    ],
    ['SELECT * FROM input, other', 'the table "other"'],
    ['SELECT * FROM input, information_schema.tables', 'the table "information_schema.tables"'],
    ["SELECT * FROM input, query('SELECT 1')", 'query(...)'],
    ['SELECT * FROM input, (DESCRIBE stores)', 'DESCRIBE, SHOW or SUMMARIZE'],
  ])('and not %s', async (sql, found) => {
    await expect(checkSelect(sql)).rejects.toMatchObject({ code: 'FEATURES_SELECT', fields: { found } });
  });
});

it.each([
  "COPY (SELECT 1) TO '/tmp/x'",
  "ATTACH '/tmp/x.db'",
  'INSTALL httpfs',
  'LOAD httpfs',
  "SET temp_directory = '/'",
  'SELECT * FROM input; SELECT 1',
  "PRAGMA import_database('/tmp')",
])('refuses what is not one SELECT: %s', async (sql) => {
  await expect(checkSelect(sql)).rejects.toMatchObject({ code: 'FEATURES_SELECT' });
});

describe('a condition is one expression', () => {
  it.each([
    'true',
    'store <> 7 -- all but one',
    '(a) OR (b)',
    'product NOT IN (SELECT product FROM stores)',
    "EXISTS (FROM stores WHERE name = ')')",
  ])('%s', async (filter) => {
    await expect(checkFilter(filter)).resolves.toBeUndefined();
  });

  it.each([
    "true); COPY (SELECT 1) TO '/tmp/x'; SELECT (true",
    'true) FROM (SELECT 1',
    'true), (true',
    'true) UNION SELECT (true',
    'true) FROM range(3) WHERE (true',
    'true) ORDER BY (1',
    'true) LIMIT (1',
    'true /* without end',
    '',
    "(SELECT count(*) FROM read_text('/etc/passwd')) > 0",
  ])('and not %s', async (filter) => {
    await expect(checkFilter(filter)).rejects.toMatchObject({ code: 'INPUT_GRID' });
  });
});

it.each<[type: string, isType: boolean]>([
  ['VARCHAR', true],
  ['DECIMAL(9, 2)', true],
  ['TIMESTAMP WITH TIME ZONE', true],
  ['STRUCT(a INTEGER[])', true],
  ['BIGINT) AS x, (SELECT 1', false],
  ["BIGINT); COPY (SELECT 1) TO '/tmp/x'; SELECT CAST(1 AS BIGINT", false],
  ['', false],
])('knows a type: %s', async (type, isType) => {
  expect(isOneType(await tree(typeSql(type)))).toBe(isType);
});

describe('of all functions of DuckDB', () => {
  it('none that makes a table takes a text, but those that make rows of values', async () => {
    const functions = await database.rows(
      `SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')`,
    );
    const allowed: string[] = [];
    for (const { name } of functions) {
      const select = checkSelect(`SELECT * FROM input, ${String(name)}('/etc/passwd')`);
      await select.then(
        () => allowed.push(String(name)),
        () => undefined,
      );
    }
    expect(functions.length).toBeGreaterThan(60);
    expect(allowed.sort()).toEqual(
      ['generate_series', 'json_each', 'json_tree', 'range', 'repeat', 'repeat_row', 'unnest'].sort(),
    );
  });

  it('none that makes a value reads a file', async () => {
    const path = join(await temporaryFolder(), 'secret.csv');
    await writeFile(path, 'known only to the file\n');
    const functions = await database.rows(
      `SELECT DISTINCT function_name AS name FROM duckdb_functions()
       WHERE function_type IN ('scalar', 'macro', 'aggregate') AND len(parameters) = 1 AND regexp_full_match(function_name, '\\w+')`,
    );
    const read: string[] = [];
    for (const { name } of functions) {
      const rows = await database
        .rows(`SELECT CAST(${String(name)}(${quoteText(path)}) AS VARCHAR) AS v`)
        .catch(() => []);
      if (String(rows[0]?.v).includes('known only')) read.push(String(name));
    }
    expect(functions.length).toBeGreaterThan(100);
    expect(read).toEqual([]);
  });
});
