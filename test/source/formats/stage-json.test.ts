import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedInput } from '../../../src/core/table.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { rowsSql } from '../../../src/source/shard-relation.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';
import { type ResolveOptions, resolveTable } from '../../support/resolve-table.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function stage(
  content: string | Buffer,
  options?: ResolveOptions,
  name = 't.jsonl',
): Promise<ResolvedInput> {
  const path = join(folder, name);
  await writeFile(path, content);
  return resolveTable(database, path, options);
}

async function read(input: ResolvedInput): Promise<Record<string, unknown>[]> {
  return database.rows(await rowsSql(database, input, { rowStart: 0, rowEnd: input.rows }));
}

describe('reads', () => {
  it.each<[what: string, content: string, rows: Record<string, unknown>[]]>([
    [
      'an object a line',
      '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
      [
        { a: '1', b: 'x' },
        { a: '2', b: 'y' },
      ],
    ],
    [
      'missing members as null',
      '{"a": 1}\n{"b": "y"}\n',
      [
        { a: '1', b: null },
        { a: null, b: 'y' },
      ],
    ],
    ['whole and broken numbers', '{"a": 1}\n{"a": 2.5}\n', [{ a: 1 }, { a: 2.5 }]],
    [
      'mixed kinds as text',
      '{"a": 1}\n{"a": "many"}\n{"a": true}\n',
      [{ a: '1' }, { a: 'many' }, { a: 'true' }],
    ],
    [
      'texts with all that JSON escapes',
      '{"a": "say \\"hi\\"\\n\\u00e9 \\ud83d\\ude42"}\n',
      [{ a: 'say "hi"\né 🙂' }],
    ],
    ['nested objects', '{"a": {"b": [1, 2]}}\n', [{ a: { b: ['1', '2'] } }]],
    ['empty lines between', '{"a": 1}\n\n{"a": 2}\n', [{ a: '1' }, { a: '2' }]],
    ['one array', '[{"a": 1}, {"a": 2}]', [{ a: '1' }, { a: '2' }]],
  ])('%s', async (_, content, rows) => {
    expect(await read(await stage(content))).toEqual(rows);
  });

  it('types that the job gives', async () => {
    const input = await stage('{"a": "1", "b": 2}\n', { json: { types: { a: 'DOUBLE', b: 'VARCHAR' } } });
    expect(input.columns).toEqual([
      { name: 'a', type: 'DOUBLE' },
      { name: 'b', type: 'VARCHAR' },
    ]);
  });

  it('the file that is named, not one that its name would match', async () => {
    await stage('{"a": 1}\n', {}, 'sales1.jsonl');
    expect(await read(await stage('{"a": 2}\n', {}, 'sales[1].jsonl'))).toEqual([{ a: '2' }]);
  });

  it('gzip', async () => {
    const input = await stage(gzipSync('{"a": 1}\n'), {}, 't.jsonl.gz');
    expect(await read(input)).toEqual([{ a: '1' }]);
  });
});

const MALFORMED = '{"a": 1}\n{"a": 2, "b\n\n{"a": 3}\nno json\n';

it('names file and line of what is not JSON', async () => {
  await expect(stage(MALFORMED, {}, 'bad.jsonl')).rejects.toMatchObject({ code: 'INPUT_MALFORMED_ROW' });
  await expect(stage(MALFORMED, {}, 'bad.jsonl')).rejects.toThrow(
    /bad\.jsonl:2 is not a JSON object: "\{\\"a\\": 2, \\"b" \(and 1 more such row\)/,
  );
});

it('sets lines aside that are not JSON, and reads all others', async () => {
  const stagingRejectsPath = join(folder, 'rejects/staging.parquet');
  const input = await stage(MALFORMED, { setAside: true, stagingRejectsPath }, 'aside.jsonl');
  expect(input).toMatchObject({ rows: 2, stagingRejects: 2 });
  expect(await read(input)).toEqual([{ a: '1' }, { a: '3' }]);
  const reason = 'is not a JSON object';
  expect(await parquetRows(database, stagingRejectsPath)).toMatchObject([
    { file: join(folder, 'aside.jsonl'), line: '2', value: '{"a": 2, "b', reason },
    { line: '5', value: 'no json', reason },
  ]);
});

it('says what is wrong with a .json file that was cut off', async () => {
  await expect(stage('[{"a": 1}, {"a"', {}, 'cut.json')).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});

describe('numbers beyond 64 bits', () => {
  const LONG = '12345678901234567890123';

  it.each<[what: string, values: readonly string[], type: string, read: readonly unknown[]]>([
    ['are decimals', [LONG, '1'], 'DECIMAL(38,0)', [LONG, '1']],
    ['are decimals from 64 bits on', ['18446744073709551615'], 'DECIMAL(38,0)', ['18446744073709551615']],
    ['beside a fraction are texts', [LONG, '0.5'], 'VARCHAR', [LONG, '0.5']],
    ['that are no integers are DOUBLE', ['1e300', '0.5'], 'DOUBLE', [1e300, 0.5]],
    [
      'and one that a DOUBLE would round',
      ['9007199254740993', '0.5'],
      'VARCHAR',
      ['9007199254740993', '0.5'],
    ],
    ['beyond a DOUBLE are bad cells', ['1e400', '0.5', '-1e-7', '2'], 'DOUBLE', [null, 0.5, -1e-7, 2]],
    ['beyond a DOUBLE in a list are its text', ['[1e400, 0.5]'], 'VARCHAR', ['[1e400,0.5]']],
    ['in an object are its text', [`{"n": ${LONG}}`], 'VARCHAR', [`{"n":${LONG}}`]],
    ['in a list are its text', [`[${LONG}, 0.5]`], 'VARCHAR', [`[${LONG},0.5]`]],
  ])('%s', async (_, values, type, read_) => {
    const input = await stage(values.map((value) => `{"a": ${value}}\n`).join(''), {}, 'long.jsonl');
    expect(input.columns).toEqual([{ name: 'a', type }]);
    expect((await read(input)).map(({ a }) => a)).toEqual(read_);
  });
});

describe('a cell of another kind', () => {
  const lines = (cell: string): string =>
    [...Array.from({ length: 20 }, (_, index) => `{"a": ${index}.5}`), `{"a": ${cell}}`].join('\n');

  it.each(['"n/a"', 'true', '{"b": 1}'])('%s is a bad cell of a column of numbers', async (cell) => {
    const input = await stage(lines(cell), {}, 'bad-cell.jsonl');
    expect(input.columns).toEqual([{ name: 'a', type: 'DOUBLE' }]);
    expect(input.badCells).toMatchObject([{ column: 'a', type: 'DOUBLE', count: 1 }]);
    expect((await read(input)).at(-1)).toEqual({ a: null });
    const texts = await read({ ...input, columns: [{ name: 'a', type: 'VARCHAR' }] });
    expect(texts.at(-1)).toEqual({ a: cell.replaceAll(' ', '').replace(/^"|"$/g, '') });
  });

  it('leaves a key as text', async () => {
    const needs = { keys: ['a'], kept: [], texts: [], integers: [] };
    const input = await stage(lines('"n/a"'), { needs }, 'key.jsonl');
    expect(input).toMatchObject({ columns: [{ name: 'a', type: 'VARCHAR' }], badCells: [] });
  });

  it('makes no dates and no numbers of strings', async () => {
    const content = '{"a": "2026-11-21"}\n{"a": "2026-11-22"}\n{"a": 5}\n{"b": "7"}\n{"b": "8"}\n{"b": 9}\n';
    const input = await stage(content, {}, 'strings.jsonl');
    expect(input.columns).toEqual([
      { name: 'a', type: 'VARCHAR' },
      { name: 'b', type: 'VARCHAR' },
    ]);
  });
});

describe('types that the job gives', () => {
  it.each([
    ['BIGINT', '1.7', null],
    ['BIGINT', '"007"', '7'],
    ['DATE', '"2026-11-21T10:30:00"', null],
    ['DATE', '"12-05-21"', null],
    ['DECIMAL(9,1)', '1.25', null],
    ['DECIMAL(9,1)', '1.5', '1.5'],
    ['HUGEINT', '12345678901234567890123', '12345678901234567890123'],
    ['FLOAT', '0.5', 0.5],
  ])('%s makes %s %s, and rounds nothing', async (type, cell, value) => {
    const input = await stage(`{"a": ${cell}}\n`, { json: { types: { A: type } } }, 'given.jsonl');
    expect(await read(input)).toEqual([{ a: value }]);
    expect(input.badCells.length).toBe(value === null ? 1 : 0);
  });
});

describe('refuses', () => {
  it.each([
    [
      'members that differ in case only',
      '{"a": 1}\n{"A": 2}\n',
      'the members "A" and "a", which differ in case only',
    ],
    ['a member without a name', '{"": 1, "b": 2}\n', 'a member without a name'],
    ['members inside an object that differ in case only', '{"s": {"a": 1, "A": 2}}\n', 'two members "A"'],
  ])('%s', async (_, content, message) => {
    await expect(stage(content, {}, 'names.jsonl')).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining(message),
    });
  });

  it('UTF-16, with and without a byte order mark', async () => {
    for (const mark of ['', '\ufeff'])
      await expect(
        stage(Buffer.from(`${mark}{"a": 1}\n`, 'utf16le'), {}, 'utf16.jsonl'),
      ).rejects.toMatchObject({
        message: expect.stringContaining('is UTF-16; JSON is expected as UTF-8'),
      });
  });

  it('nothing where a name only looks like a second one', async () => {
    const input = await stage('{"a": 1, "a_1": 2, "C0": 3}\n', {}, 'good-names.jsonl');
    expect(await read(input)).toEqual([{ a: '1', a_1: '2', C0: '3' }]);
  });
});
