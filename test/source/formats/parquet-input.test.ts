import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { rowsSql } from '../../../src/source/shard-relation.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';
import { type ResolveOptions, resolveTable } from '../../support/resolve-table.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
});

beforeEach(async () => {
  folder = await temporaryFolder();
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, select] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await database.run(`COPY (${select}) TO '${join(folder, name)}' (FORMAT parquet)`);
  }
}

async function read(path: string, options: ResolveOptions = {}): Promise<unknown> {
  const input = await resolveTable(database, join(folder, path), options);
  const rows = await database.rows(await rowsSql(database, input, { rowStart: 0, rowEnd: input.rows }));
  const types = Object.fromEntries(input.columns.map(({ name, type }) => [name, type]));
  return { types, rows: rows.map((row) => Object.values(row)) };
}

describe('folders called name=value', () => {
  it('above the path that was given are no columns', async () => {
    await write({ 'x=9/exports/a.parquet': 'SELECT 1 AS x', 'x=9/b.parquet': 'SELECT 2 AS y' });
    const alone = { types: { x: 'INTEGER' }, rows: [[1]] };
    expect(await read('x=9/exports')).toEqual(alone);
    expect(await read('x=9/exports/a.parquet')).toEqual(alone);
    expect(await read('x=9/exports/*.parquet')).toEqual(alone);
    expect(await read('x=9/b.parquet')).toEqual({ types: { y: 'INTEGER' }, rows: [[2]] });
  });

  it('are columns where a glob names them', async () => {
    await write({ 't/x=9/a.parquet': 'SELECT 1 AS y', 't/x=10/a.parquet': 'SELECT 2 AS y' });
    const expected = {
      types: { y: 'INTEGER', x: 'BIGINT' },
      rows: [
        [2, '10'],
        [1, '9'],
      ],
    };
    expect(await read('t')).toEqual(expected);
    expect(await read('t/x=*/a.parquet')).toEqual(expected);
  });

  it.each(['x', 'X'])('and a column %s of the file are an error that names both', async (column) => {
    await write({ 't/x=9/a.parquet': `SELECT 1 AS ${column}` });
    await expect(read('t')).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: `The folder x=9 of ${folder}/t/x=9/a.parquet makes a column "x", and the file has a column "${column}" of its own. Rename one of them, or set input.hivePartitioning: false, which leaves the names of folders alone.`,
    });
    expect(await read('t', { hivePartitioning: false })).toEqual({
      types: { [column]: 'INTEGER' },
      rows: [[1]],
    });
  });

  it('keep their texts where numbers would lose something', async () => {
    await write({ 't/id=007/a.parquet': 'SELECT 1 AS y', 't/id=7/a.parquet': 'SELECT 2 AS y' });
    expect(await read('t')).toEqual({
      types: { y: 'INTEGER', id: 'VARCHAR' },
      rows: [
        [1, '007'],
        [2, '7'],
      ],
    });
  });

  it('are decoded, and may be null', async () => {
    await write({
      't/city=M%C3%BCnchen/a.parquet': 'SELECT 1 AS y',
      't/city=__HIVE_DEFAULT_PARTITION__/a.parquet': 'SELECT 2 AS y',
    });
    expect(await read('t')).toMatchObject({
      rows: [
        [1, 'München'],
        [2, null],
      ],
    });
  });

  it('that differ among files are an error', async () => {
    await write({ 't/a=1/a.parquet': 'SELECT 1 AS y', 't/b=1/a.parquet': 'SELECT 2 AS y' });
    await expect(read('t')).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
  });

  it('may be asked for, and a file in none is an error then', async () => {
    await write({ 't/a=1/a.parquet': 'SELECT 1 AS y', 't/b.parquet': 'SELECT 2 AS y' });
    expect(await read('t')).toEqual({ types: { y: 'INTEGER' }, rows: [[1], [2]] });
    await expect(read('t', { hivePartitioning: true })).rejects.toMatchObject({
      message: expect.stringContaining('t/b.parquet lies in no folder called NAME=VALUE'),
    });
  });

  it('are told apart also beside a column file_index', async () => {
    await write({ 't/x=1/a.parquet': 'SELECT 1 AS file_index', 't/x=2/a.parquet': 'SELECT 0 AS file_index' });
    expect(await read('t')).toMatchObject({
      rows: [
        [1, '1'],
        [0, '2'],
      ],
    });
  });
});

describe('files whose types differ', () => {
  it('are widened where no value changes', async () => {
    await write({
      't/1.parquet':
        "SELECT 1::INTEGER AS a, 9007199254740991 AS b, 1.5::DECIMAL(9,2) AS c, DATE '2026-01-01' AS d",
      't/2.parquet':
        "SELECT 2.5::DOUBLE AS a, 0.5::DOUBLE AS b, 7::INTEGER AS c, TIMESTAMP '2026-01-02 10:00:00' AS d",
    });
    expect(await read('t')).toEqual({
      types: { a: 'DOUBLE', b: 'DOUBLE', c: 'DECIMAL(12,2)', d: 'TIMESTAMP' },
      rows: [
        [1, 9007199254740991, '1.50', '2026-01-01 00:00:00'],
        [2.5, 0.5, '7.00', '2026-01-02 10:00:00'],
      ],
    });
  });

  it.each([
    ['BIGINT', '9007199254740993', 'DOUBLE', '0.5'],
    ['VARCHAR', "'7'", 'BIGINT', '7'],
    ['BOOLEAN', 'true', 'INTEGER', '1'],
    ['TIMESTAMP', "'2026-01-01'", 'TIMESTAMP WITH TIME ZONE', "'2026-01-01'"],
    ['STRUCT(a BIGINT)', "{'a': 9007199254740993}", 'STRUCT(a DOUBLE)', "{'a': 0.5}"],
    ['BIGINT[]', '[9007199254740993]', 'DOUBLE[]', '[0.5]'],
  ])('%s (%s) and %s are refused, naming both files', async (a, first, b, second) => {
    await write({
      't/1.parquet': `SELECT ${first}::${a} AS id`,
      't/2.parquet': `SELECT ${second}::${b} AS id`,
    });
    const error = await read('t').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH' });
    const { message } = error as Error;
    for (const part of [`"id"`, 't/1.parquet', 't/2.parquet', b]) expect(message).toContain(part);
  });

  it('take no type from a column that is all null', async () => {
    await write({
      't/1.parquet': 'SELECT NULL::INTEGER AS d, 1 AS n',
      't/2.parquet': "SELECT DATE '2026-01-02' AS d, 2 AS n",
      't/3.parquet': 'SELECT NULL::VARCHAR AS d, 3 AS n',
    });
    expect(await read('t')).toEqual({
      types: { d: 'DATE', n: 'INTEGER' },
      rows: [
        [null, 1],
        ['2026-01-02', 2],
        [null, 3],
      ],
    });
  });

  it('may add a member to a struct', async () => {
    await write({ 't/1.parquet': "SELECT {'a': 1} AS s", 't/2.parquet': "SELECT {'a': 2, 'b': 'x'} AS s" });
    expect(await read('t')).toMatchObject({ rows: [[{ a: 1, b: null }], [{ a: 2, b: 'x' }]] });
  });

  it('may spell a column in different cases', async () => {
    await write({
      't/1.parquet': 'SELECT 1 AS Price',
      't/2.parquet': 'SELECT 2 AS price',
      't/3.parquet': 'SELECT 3 AS price',
    });
    expect(await read('t')).toEqual({ types: { Price: 'INTEGER' }, rows: [[1], [2], [3]] });
  });
});

it('refuses two columns of one file that differ in case only', async () => {
  // DuckDB cannot write such a file under these names: a struct's members are names, too.
  await write({ 'a.parquet': 'SELECT 1 AS x, 2 AS y' });
  const { readFile, writeFile } = await import('node:fs/promises');
  const path = join(folder, 'a.parquet');
  const bytes = await readFile(path);
  const footer = bytes.subarray(bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8));
  for (let at = footer.indexOf('\x01y'); at !== -1; at = footer.indexOf('\x01y', at + 1))
    footer[at + 1] = 0x58;
  await writeFile(path, bytes);
  await expect(read('a.parquet')).rejects.toMatchObject({
    code: 'SCHEMA_MISMATCH',
    message: `${path} has two columns "x" and "X". Names of columns must differ, whatever their case. Rename one.`,
  });
});
