import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedInput } from '../../src/core/table.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { fileRowsSql, segmentsOf } from '../../src/source/file-rows.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';
import { resolveTable } from '../support/resolve-table.ts';

const FILES = [
  { path: 'a', rows: 10 },
  { path: 'empty', rows: 0 },
  { path: 'b', rows: 5 },
  { path: 'c', rows: 10 },
];

it.each<[rowStart: number, rowEnd: number, segments: string[]]>([
  [0, 10, ['a 0-10']],
  [0, 11, ['a 0-10', 'b 0-1']],
  [9, 16, ['a 9-10', 'b 0-5', 'c 0-1']],
  [10, 15, ['b 0-5']],
  [12, 13, ['b 2-3']],
  [0, 25, ['a 0-10', 'b 0-5', 'c 0-10']],
  [24, 25, ['c 9-10']],
  [25, 30, []],
])('rows %i to %i are %j', (rowStart, rowEnd, segments) => {
  const found = segmentsOf(FILES, rowStart, rowEnd);
  expect(found.map(({ file, rowStart: from, rowEnd: to }) => `${file.path} ${from}-${to}`)).toEqual(segments);
});

describe('rows of several files', () => {
  let database: Database;
  let folder: string;

  beforeAll(async () => {
    database = await openDatabase();
    folder = await temporaryFolder();
  });

  async function writeFile(name: string, select: string): Promise<void> {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await database.run(
      `COPY (${select}) TO '${join(folder, name).replaceAll("'", "''")}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    );
  }

  async function read(input: ResolvedInput, rowStart: number, rowEnd: number): Promise<unknown[][]> {
    const rows = await database.rows(await fileRowsSql(database, input, { rowStart, rowEnd }));
    return rows.map((row) => Object.values(row));
  }

  it('come in order, whatever range is asked for', async () => {
    for (const [index, rows] of [5000, 1, 4097].entries())
      await writeFile(`many/${index}.parquet`, `SELECT ${index} AS file, range AS row FROM range(${rows})`);
    const input = await resolveTable(database, join(folder, 'many'));
    expect(input).toMatchObject({ rows: 9098, staged: false });
    const whole = await read(input, 0, 9098);
    expect(whole.filter(([file]) => file === 1)).toEqual([[1, '0']]);
    for (const [from, to] of [
      [0, 1],
      [2047, 2049],
      [4999, 5002],
      [3000, 7000],
      [9097, 9098],
    ] as const)
      expect(await read(input, from, to)).toEqual(whole.slice(from, to));
  });

  it('have the columns and types of all files together', async () => {
    await writeFile('mixed/1.parquet', "SELECT 1::INTEGER AS a, 'x' AS b FROM range(2)");
    await writeFile('mixed/2.parquet', "SELECT 'y' AS b, 2.5::DOUBLE AS a, true AS c FROM range(2)");
    const input = await resolveTable(database, join(folder, 'mixed'));
    expect(input.columns).toEqual([
      { name: 'a', type: 'DOUBLE' },
      { name: 'b', type: 'VARCHAR' },
      { name: 'c', type: 'BOOLEAN' },
    ]);
    const all = [
      [1, 'x', null],
      [1, 'x', null],
      [2.5, 'y', true],
      [2.5, 'y', true],
    ];
    expect(await read(input, 0, 4)).toEqual(all);
    expect(await read(input, 0, 1)).toEqual(all.slice(0, 1));
    expect(await read(input, 1, 3)).toEqual(all.slice(1, 3));
  });

  it('have the columns of Hive folders, with one type for all', async () => {
    await writeFile('hive/day=2026-11-21/store=01/part.parquet', 'SELECT range AS n FROM range(2)');
    await writeFile('hive/day=2026-11-22/store=b/part.parquet', 'SELECT range AS n FROM range(2)');
    const input = await resolveTable(database, join(folder, 'hive'));
    expect(input.hiveColumns).toEqual([
      { name: 'day', type: 'DATE' },
      { name: 'store', type: 'VARCHAR' },
    ]);
    expect(await read(input, 1, 3)).toEqual([
      ['1', '2026-11-21', '01'],
      ['0', '2026-11-22', 'b'],
    ]);
    expect(await read(input, 0, 1)).toEqual([['0', '2026-11-21', '01']]);
  });

  it('may lie in files whose names look like patterns, beside files that those would match', async () => {
    const names = ['a*', 'ab', 'c[1]', 'c1', "it's?", "it's!", '{x,y}'];
    for (const name of names)
      await writeFile(`odd/${name}.parquet`, `SELECT '${name.replaceAll("'", "''")}' AS name FROM range(2)`);
    for (const name of names) {
      const input = await resolveTable(database, join(folder, `odd/${name}.parquet`));
      expect(input.rows).toBe(2);
      expect(await read(input, 0, 2)).toEqual([[name], [name]]);
    }
    const all = await resolveTable(database, join(folder, 'odd'));
    expect((await read(all, 0, 14)).flat()).toEqual([...names, ...names].sort());
  });

  it('that are broken are named, one among many', async () => {
    await writeFile('broken/1.parquet', 'SELECT 1 AS a');
    await database.run(
      `COPY (SELECT 'no Parquet at all' AS a) TO '${join(folder, 'broken/2.parquet')}' (FORMAT csv)`,
    );
    await expect(resolveTable(database, join(folder, 'broken'))).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('broken/2.parquet cannot be read'),
    });
  });
});
