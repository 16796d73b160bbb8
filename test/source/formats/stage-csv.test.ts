import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedInput } from '../../../src/core/table.ts';
import type { Database } from '../../../src/source/database.ts';
import { rowsSql } from '../../../src/source/shard-relation.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';
import { type ResolveOptions, resolveTable } from '../../support/resolve-table.ts';

/** Beyond the rows that types are guessed from. */
const LATE = 21_000;

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function stage(
  files: Readonly<Record<string, string | Buffer>>,
  options?: ResolveOptions,
): Promise<ResolvedInput> {
  const paths = Object.keys(files).map((name) => join(folder, name));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return resolveTable(database, paths, options);
}

async function rowsOf(input: ResolvedInput, rowStart = 0, rowEnd = input.rows): Promise<unknown[][]> {
  const rows = await database.rows(await rowsSql(database, input, { rowStart, rowEnd }));
  return rows.map((row) => Object.values(row));
}

const typesOf = (input: ResolvedInput): string[] => input.columns.map(({ type }) => type);

describe('the typed copy', () => {
  it('has the rows in order, and types', async () => {
    const lines = Array.from({ length: LATE }, (_, index) => `${index},${index / 2},text ${index}`);
    const input = await stage({ 'order.csv': `a,b,c\n${lines.join('\n')}\n` });
    expect(input).toMatchObject({ staged: true, rows: LATE, stagingRejects: 0 });
    expect(typesOf(input)).toEqual(['BIGINT', 'DOUBLE', 'VARCHAR']);
    expect(await rowsOf(input, LATE - 2)).toEqual([
      [`${LATE - 2}`, (LATE - 2) / 2, `text ${LATE - 2}`],
      [`${LATE - 1}`, (LATE - 1) / 2, `text ${LATE - 1}`],
    ]);
  });

  it('has a column as text, all of it, where a late row does not fit its type', async () => {
    const lines = Array.from({ length: LATE }, (_, index) => `${index},${index % 8}.50`);
    const input = await stage({ 'late.csv': `a,b\n${lines.join('\n')}\n7,n/a\n` });
    expect(typesOf(input)).toEqual(['BIGINT', 'VARCHAR']);
    expect(input.rows).toBe(LATE + 1);
    expect(await rowsOf(input, LATE - 1)).toEqual([
      [`${LATE - 1}`, `${(LATE - 1) % 8}.50`],
      ['7', 'n/a'],
    ]);
  });

  it('sets a value aside that does not fit a type which the job gives', async () => {
    const content = 'a,b\n1,x\nmany,y\n3,z\n';
    await expect(stage({ 'typed.csv': content }, { csv: { types: { a: 'BIGINT' } } })).rejects.toMatchObject({
      code: 'INPUT_MALFORMED_ROW',
      message: expect.stringContaining('typed.csv:3'),
    });
  });

  it.each<[what: string, files: Record<string, string>, types: string[], rows: unknown[][]]>([
    [
      'columns in another order',
      { '1.csv': 'a,b\n1,x\n', '2.csv': 'b,a\ny,2\n' },
      ['BIGINT', 'VARCHAR'],
      [
        ['1', 'x'],
        ['2', 'y'],
      ],
    ],
    [
      'columns that only one has',
      { '1.csv': 'a,b\n1,x\n', '2.csv': 'a,c\n2,z\n' },
      ['BIGINT', 'VARCHAR', 'VARCHAR'],
      [
        ['1', 'x', null],
        ['2', null, 'z'],
      ],
    ],
    [
      'whole and broken numbers',
      { '1.csv': 'a,b\n1,x\n', '2.csv': 'a,b\n2.5,y\n' },
      ['DOUBLE', 'VARCHAR'],
      [
        [1, 'x'],
        [2.5, 'y'],
      ],
    ],
    [
      'numbers and text',
      { '1.csv': 'a,b\n1,x\n', '2.csv': 'a,b\nmany,y\n' },
      ['VARCHAR', 'VARCHAR'],
      [
        ['1', 'x'],
        ['many', 'y'],
      ],
    ],
    [
      'other delimiters',
      { '1.csv': 'a,b\n1,x\n', '2.csv': 'a;b\n2;y\n', '3.csv': 'a,b\n3,z\n' },
      ['BIGINT', 'VARCHAR'],
      [
        ['1', 'x'],
        ['2', 'y'],
        ['3', 'z'],
      ],
    ],
  ])('joins files with %s, in their order', async (_, files, types, rows) => {
    const input = await stage(files);
    expect(typesOf(input)).toEqual(types);
    expect(await rowsOf(input)).toEqual(rows);
  });

  it('is that of the file that is named, not of one that its name would match', async () => {
    await stage({ 'sales1.csv': 'a,b\n1,x\n' });
    expect(await rowsOf(await stage({ 'sales[1].csv': 'a,b\n2,y\n' }))).toEqual([['2', 'y']]);
  });

  it('unpacks gzip, and notices where it was cut off', async () => {
    const whole = gzipSync('a,b\n1,x\n2,y\n');
    expect(await rowsOf(await stage({ 'whole.csv.gz': whole }))).toEqual([
      ['1', 'x'],
      ['2', 'y'],
    ]);
    const cut = whole.subarray(0, whole.length - 6);
    await expect(stage({ 'cut.csv.gz': cut })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  });
});

describe('rows that are set aside', () => {
  const CONTENT = 'a,b\n1,x\n2,y,z\n3,w\n4\n';

  it('are counted, and all others are read', async () => {
    const input = await stage({ 'aside.csv': CONTENT }, { setAside: true });
    expect(input).toMatchObject({ rows: 2, stagingRejects: 2 });
    expect(await rowsOf(input)).toEqual([
      ['1', 'x'],
      ['3', 'w'],
    ]);
  });

  it('are written with file, line, text and reason', async () => {
    const stagingRejectsPath = join(folder, 'rejects/staging.parquet');
    await stage(
      { 'first.csv': CONTENT, 'second.csv': 'a,b\n5,v\n6,u,t,s\n' },
      { setAside: true, stagingRejectsPath },
    );
    const base = { row: null, column: null };
    expect(await parquetRows(database, stagingRejectsPath)).toEqual([
      {
        ...base,
        file: join(folder, 'first.csv'),
        line: '3',
        value: '2,y,z',
        reason: 'has 3 fields; expected 2',
      },
      { ...base, file: join(folder, 'first.csv'), line: '5', value: '4', reason: 'has 1 fields; expected 2' },
      {
        ...base,
        file: join(folder, 'second.csv'),
        line: '3',
        value: '6,u,t,s',
        reason: 'has 4 fields; expected 2',
      },
    ]);
  });

  it('are an error where no other is left', async () => {
    const input = stage({ 'all-bad.csv': 'a,b\n1\n2\n' }, { setAside: true });
    await expect(input).rejects.toMatchObject({ code: 'INPUT_EMPTY' });
    await expect(input).rejects.toThrow('all 2 were rejected');
  });
});
