import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedInput } from '../../../src/core/table.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { asWritten, rowsSql } from '../../../src/source/shard-relation.ts';
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

  it('keeps the type of a column in which one late cell has none, which is null and counted', async () => {
    const lines = Array.from({ length: LATE }, (_, index) => `${index},${index % 8}.50`);
    const input = await stage({ 'late.csv': `a,b\n${lines.join('\n')}\n7,n/a\n` });
    expect(typesOf(input)).toEqual(['BIGINT', 'DOUBLE']);
    expect(input.badCells).toMatchObject([{ column: 'b', type: 'DOUBLE', count: 1, value: 'n/a' }]);
    expect(await rowsOf(input, LATE - 1)).toEqual([
      [`${LATE - 1}`, ((LATE - 1) % 8) + 0.5],
      ['7', null],
    ]);
  });

  it.each<[what: string, early: string, late: string, type: string, value: unknown]>([
    ['decimal', '5', '2.7', 'DOUBLE', 2.7],
    ['exponent', '5', '1e3', 'DOUBLE', 1000],
    ['integer beyond 64 bits', '5', '18446744073709551616', 'DECIMAL(38,0)', '18446744073709551616'],
    ['time of day', '2026-11-21', '2026-11-21 10:30:00', 'TIMESTAMP', '2026-11-21 10:30:00'],
    ['integer with underscores', '5', '1_000', 'BIGINT', null],
    ['hexadecimal', '5', '0x10', 'BIGINT', null],
    ['integer with zeros before it', '5', '007', 'BIGINT', null],
    ['decimal with underscores', '5.5', '1_000.5', 'DOUBLE', null],
    ['decimal comma', '5.5', '1,5', 'DOUBLE', null],
    ['date of two digits', '2026-11-21', '12-05-21', 'DATE', null],
    ['word for a boolean', 'true', 'maybe', 'BOOLEAN', null],
    ['number among booleans', 'true', '1', 'BOOLEAN', null],
    ['integer that a DOUBLE would round', '5.5', '9007199254740993', 'DOUBLE', null],
    ['number beyond a DOUBLE', '5.5', '1e999', 'DOUBLE', null],
    ['nanosecond', '2026-11-21 10:00:00', '2026-11-21 10:00:00.123456789', 'TIMESTAMP', null],
  ])('loses nothing by a late %s', async (_, early, late, type, value) => {
    const input = await stage({ 'cast.csv': `a,b\n${`1,${early}\n`.repeat(LATE)}2,"${late}"\n` });
    expect(typesOf(input)).toEqual(['BIGINT', type]);
    expect(await rowsOf(input, LATE)).toEqual([['2', value]]);
    expect(input.badCells.map((bad) => bad.value)).toEqual(value === null ? [late] : []);
  });

  it.each(['HUGEINT', 'UHUGEINT', undefined])('keeps all digits of long integers (%s)', async (type) => {
    const csv = type === undefined ? {} : { types: { id: type } };
    const input = await stage(
      { 'long.csv': 'id,x\n9007199254740993,1\n123456789012345678901234567890,2\n' },
      { csv },
    );
    expect((await rowsOf(input)).map(([id]) => id)).toEqual([
      '9007199254740993',
      '123456789012345678901234567890',
    ]);
  });

  it('finds the type of a column whose first cells are empty', async () => {
    const input = await stage({ 'empty.csv': `a,b\n${'1,\n'.repeat(LATE)}${'2,3.5\n'.repeat(50)}` });
    expect(typesOf(input)).toEqual(['BIGINT', 'DOUBLE']);
    expect(await rowsOf(input, LATE + 49)).toEqual([['2', 3.5]]);
  });

  it('has null for a cell that does not have the type which the job gives', async () => {
    const input = await stage(
      { 'typed.csv': 'a,b\n1,x\nmany,y\n3.5,z\n' },
      { csv: { types: { A: 'BIGINT' } } },
    );
    expect(input.badCells).toMatchObject([{ column: 'a', type: 'BIGINT', count: 2, value: 'many' }]);
    expect(await rowsOf(input)).toEqual([
      ['1', 'x'],
      [null, 'y'],
      [null, 'z'],
    ]);
  });

  it('refuses types of a column that the file does not have', async () => {
    await expect(
      stage({ 'typo.csv': 'sku,x\n1E5,1\n' }, { csv: { types: { skuu: 'VARCHAR' } } }),
    ).rejects.toThrow(/"skuu", which .*typo.csv does not have \(sku, x\). Did you mean/);
  });

  it.each<[key: string]>([
    ['1E5'],
    ['007'],
    ['1.10'],
    ['+5'],
    ['0x1F'],
    ['12-05-21'],
    [' 5'],
    ['1_0'],
    ['-0'],
  ])('keeps the text of keys and of kept columns: %s', async (key) => {
    const content = `k,v,x\n5,5,1\n${key},${key},2\n6,6,3\n7,7,4\n`;
    const needs = { keys: ['K'], kept: ['v'], texts: [], integers: [] };
    const input = await stage({ 'keys.csv': content }, { needs });
    const kept = { ...input, columns: asWritten(input.columns, input.written) };
    expect(await rowsOf(kept, 1, 2)).toEqual([[key, key, '2']]);
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

it('reads UTF-16 with characters beyond 16 bits, and refuses half of one', async () => {
  const content = '\uFEFFid,note\n1,🙂\n2,日\n';
  const input = await stage({ 'wide.csv': Buffer.from(content, 'utf16le') });
  expect(await rowsOf(input)).toEqual([
    ['1', '🙂'],
    ['2', '日'],
  ]);
  const half = Buffer.from(content.replace('🙂', '\ud83d'), 'utf16le');
  await expect(stage({ 'half.csv': half })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});

it('says which encodings there are', async () => {
  const staged = stage({ 'encoding.csv': 'id,x\n1,2\n' }, { csv: { encoding: 'ebcdic' } });
  await expect(staged).rejects.toThrow('input.csv.encoding is "ebcdic"; expected utf-8, utf-16 or latin-1');
});

it.each([
  ['LF in a file of CRLF', 'id;note\r\n1;"a;b"\r\n2;"say ""hi"""\n3;\r\n4;"two\r\nlines"\n5;"e"\r\n'],
  ['CRLF in a file of LF', 'id;note\n1;"a;b"\n2;"say ""hi"""\r\n3;\n4;"two\r\nlines"\r\n5;"e"\n'],
])('reads quoted cells in front of %s', async (_, content) => {
  const input = await stage({ 'newlines.csv': content });
  expect(await rowsOf(input)).toEqual([
    ['1', 'a;b'],
    ['2', 'say "hi"'],
    ['3', null],
    ['4', 'two\r\nlines'],
    ['5', 'e'],
  ]);
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
