import { describe, expect, it } from 'vitest';
import { openRows, type ResultRows } from '../../src/history/result-rows.ts';
import { csvText, jsonText } from '../../src/history/result-text.ts';
import { openDatabase } from '../support/database.ts';

const { connection } = await openDatabase();

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

const json = async (sql: string): Promise<string> =>
  textOf(jsonText(await openRows(connection, sql, 'json')));
const csv = async (sql: string): Promise<string> => textOf(csvText(await openRows(connection, sql, 'plain')));

/** What JSON and CSV show of one value. */
const VALUES: readonly (readonly [sql: string, json: string, csv: string])[] = [
  ['9007199254740993', '9007199254740993', '9007199254740993'],
  ['170141183460469231731687303715884105727', ...twice('170141183460469231731687303715884105727')],
  ['12345678901234567.890::DECIMAL(30, 3)', ...twice('12345678901234567.890')],
  ['1.50::DECIMAL(4, 2)', ...twice('1.50')],
  ['14.964146::FLOAT', ...twice('14.964146')],
  ['0.1 + 0.2::DOUBLE', ...twice('0.30000000000000004')],
  ['1e300::DOUBLE', ...twice('1e+300')],
  ["'NaN'::DOUBLE", 'null', 'nan'],
  ["'-inf'::FLOAT", 'null', '-inf'],
  ["DATE '2026-11-21'", '"2026-11-21"', '2026-11-21'],
  ["TIMESTAMP '2026-11-21 01:02:03.123456'", ...quoted('2026-11-21 01:02:03.123456')],
  ["TIMESTAMP_NS '2026-11-21 01:02:03.123456789'", ...quoted('2026-11-21 01:02:03.123456789')],
  ["TIMESTAMPTZ '2026-11-21 01:02:03+02'", ...quoted('2026-11-20 23:02:03+00')],
  ['true', ...twice('true')],
  ['NULL', 'null', ''],
  ["''", '""', '""'],
  [`'a "b", c'`, '"a \\"b\\", c"', '"a ""b"", c"'],
  ["[1.5::DOUBLE, 'nan']", '[1.5,null]', '"[1.5, nan]"'],
  [
    "{'a': 9007199254740993, 'NaN': 'NaN'}",
    '{"a":9007199254740993,"NaN":"NaN"}',
    `"{'a': 9007199254740993, 'NaN': NaN}"`,
  ],
  [`'{"a": 1}'::JSON`, '{"a": 1}', '"{""a"": 1}"'],
];

function twice(text: string): readonly [string, string] {
  return [text, text];
}

function quoted(text: string): readonly [string, string] {
  return [`"${text}"`, text];
}

describe('values', () => {
  it.each(VALUES)('%s as JSON', async (sql, expected) => {
    const text = await json(`SELECT ${sql} AS v`);
    expect(text).toBe(`[\n{"v":${expected}}\n]\n`);
    JSON.parse(text);
  });

  it.each(VALUES)('%s as CSV', async (sql, _, expected) => {
    expect(await csv(`SELECT ${sql} AS v`)).toBe(`v\n${expected}\n`);
  });
});

describe('results', () => {
  it('keep the order of the query, over many chunks', async () => {
    const rows = (await csv('SELECT * FROM range(10000) t(i) ORDER BY i DESC')).trimEnd().split('\n');
    expect(rows).toEqual(['i', ...Array.from({ length: 10_000 }, (_, index) => String(9999 - index))]);
    expect(JSON.parse(await json('SELECT * FROM range(5000) t(i)'))).toHaveLength(5000);
  });

  it('may be empty', async () => {
    expect(await json('SELECT 1 AS a WHERE false')).toBe('[]\n');
    expect(await csv('SELECT 1 AS a WHERE false')).toBe('a\n');
  });

  it('columns of one name are told apart in JSON', async () => {
    const columns = ['a', 'a', 'a_2'].map((name) => ({ name, kind: 'number' as const }));
    const rows: ResultRows = { columns, chunks: chunksOf([['1', '2', '3']]) };
    expect(await textOf(jsonText(rows))).toBe('[\n{"a":1,"a_2":2,"a_2_2":3}\n]\n');
  });
});

async function* chunksOf(rows: string[][]): AsyncIterable<string[][]> {
  yield rows;
}
