import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { KvPlan } from '../../src/core/plan.ts';
import { readKvBatches } from '../../src/sinks/kv/kv-batches.ts';
import { templateSql, valueKind } from '../../src/sinks/value-sql.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';
import { kvRows } from '../support/kv-batch.ts';
import { temporaryFolder } from '../support/project.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

/** One value of a type, written by an expression over the columns `c` (the value) and `d "2"` (text). */
async function textOf(
  sql: string,
  toText: (columns: { name: string; type: string }[]) => string,
): Promise<unknown> {
  const table = `SELECT ${sql} AS c, 'x"y' AS "d ""2"""`;
  const columns = await database.describe(table);
  const [row] = await database.rows(`SELECT ${toText(columns)} AS text FROM (${table})`);
  return row?.text;
}

/** The value that a store gets, made of a part with the columns `c` and `d "2"`. */
async function storedValue(sql: string, values: readonly string[]): Promise<string> {
  const part = join(folder, 'part.parquet');
  await database.run(`COPY (SELECT 1 AS k, ${sql} AS c, 'x"y' AS "d ""2""") TO '${part}' (FORMAT parquet)`);
  const kv: KvPlan = {
    url: '',
    key: '{k}',
    field: null,
    values,
    ttlSeconds: null,
    keepGenerations: 1,
    layout: 'hash',
    duplicates: 'error',
  };
  for await (const batch of readKvBatches(database, kv, part)) return kvRows(batch)[0]?.[2] ?? '?';
  throw new Error('the part has no row');
}

it.each<[sql: string, text: string | null]>([
  ['17', '17'],
  ['17::DOUBLE', '17'],
  ['17.5::FLOAT', '17.5'],
  ['1e20::DOUBLE', '1e+20'],
  ['9223372036854775807', '9223372036854775807'],
  ['18446744073709551615::UBIGINT', '18446744073709551615'],
  ["'a:b'", 'a:b'],
  ["''", ''],
  ["DATE '2026-11-21'", '2026-11-21'],
  ["TIMESTAMP '2026-11-21 05:00:00'", '2026-11-21T05:00:00'],
  ["TIMESTAMP '2026-11-21 05:00:00.25'", '2026-11-21T05:00:00.25'],
  ["TIMESTAMPTZ '2026-11-21 05:00:00+02'", '2026-11-21T03:00:00Z'],
  ['true', 'true'],
  ['1.50::DECIMAL(9,2)', '1.50'],
  ['NULL::INTEGER', null],
])('the key column %s is the text %j', async (sql, text) => {
  expect(await textOf(sql, (columns) => templateSql('{c}', columns))).toBe(text);
});

it.each<[template: string, text: string]>([
  ['{c}:{d "2"}', '17:x"y'],
  ['store {c}', 'store 17'],
  ["it's {c}!", "it's 17!"],
  ['{{{c}}}', '{17}'],
  ['{c}{c}', '1717'],
])('the template %s is the text %s', async (template, text) => {
  expect(await textOf('17', (columns) => templateSql(template, columns))).toBe(text);
});

it.each<[sql: string, text: string, kind: string]>([
  ['1.5::FLOAT', '1.5', 'number'],
  ['0.1::FLOAT', '0.1', 'number'],
  ['3::DOUBLE', '3.0', 'number'],
  ['1e-45::FLOAT', '1e-45', 'number'],
  ["'NaN'::FLOAT", 'NaN', 'number'],
  ["'inf'::DOUBLE", 'Infinity', 'number'],
  ["'-inf'::DOUBLE", '-Infinity', 'number'],
  ['9223372036854775807', '9223372036854775807', 'number'],
  ['true', 'true', 'json'],
  [`'say "hi"'`, 'say "hi"', 'text'],
  ["''", '', 'text'],
  ['[1.5, 2.0]::FLOAT[]', '[1.5,2.0]', 'json'],
  ["['NaN', '0.5', '-inf']::FLOAT[]", '[null,0.5,null]', 'json'],
  ["['a', 'say \"hi\"', '']", '["a","say \\"hi\\"",""]', 'json'],
  ['[1, -2]::BIGINT[]', '[1,-2]', 'json'],
  ['[true, false]', '[true,false]', 'json'],
  ['1.50::DECIMAL(9,2)', '1.50', 'number'],
  ["DATE '2026-11-21'", '2026-11-21', 'text'],
  ['NULL::FLOAT', 'NaN', 'number'],
  ['NULL::BIGINT', 'NaN', 'number'],
  ['NULL::VARCHAR', '', 'text'],
  ['NULL::BOOLEAN', 'null', 'json'],
  ['NULL::FLOAT[]', 'null', 'json'],
  ["['a', NULL]", '["a",null]', 'json'],
])('the single value %s is %j, a %s', async (sql, text, kind) => {
  expect(await storedValue(sql, ['c'])).toBe(text);
  const columns = await database.describe(`SELECT ${sql} AS c`);
  expect(valueKind(['c'], columns)).toBe(kind);
});

it.each<[sql: string, json: unknown]>([
  ['1.5::FLOAT', 1.5],
  ["'NaN'::FLOAT", null],
  ["'inf'::DOUBLE", null],
  ['true', true],
  ["'größe'", 'größe'],
  ['[1, 2]', [1, 2]],
  ['1.50::DECIMAL(9,2)', 1.5],
  ["DATE '2026-11-21'", '2026-11-21'],
  ['NULL::FLOAT', null],
  ['NULL::BIGINT', null],
  ['NULL::VARCHAR', null],
  ['NULL::BOOLEAN', null],
  ['NULL::FLOAT[]', null],
])('of several values, %s is %j in a JSON object', async (sql, json) => {
  const text = await storedValue(sql, ['c', 'd "2"']);
  expect(JSON.parse(text)).toEqual({ c: json, 'd "2"': 'x"y' });
  expect(valueKind(['c', 'd "2"'], [])).toBe('json');
});
