import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/source/duckdb/database.ts';
import type { CsvOptions } from '../../../src/source/formats/input-options.ts';
import { rowsSql } from '../../../src/source/shard-relation.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';
import { resolveTable } from '../../support/resolve-table.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function read(
  content: string | Buffer,
  csv: CsvOptions = {},
  name = 'table.csv',
): Promise<unknown[][]> {
  const path = join(folder, name);
  await writeFile(path, content);
  const input = await resolveTable(database, path, { csv });
  const rows = await database.rows(await rowsSql(database, input, { rowStart: 0, rowEnd: input.rows }));
  return [input.columns.map((column) => column.name), ...rows.map((row) => Object.values(row))];
}

describe('reads', () => {
  it.each<[what: string, content: string, table: unknown[][]]>([
    [
      'commas',
      'a,b\n1,x\n2,y\n',
      [
        ['a', 'b'],
        ['1', 'x'],
        ['2', 'y'],
      ],
    ],
    [
      'semicolons, with commas in numbers',
      'a;b;c\n1;2,5;x\n2;3,5;y\n',
      [
        ['a', 'b', 'c'],
        ['1', '2,5', 'x'],
        ['2', '3,5', 'y'],
      ],
    ],
    [
      'bars',
      'a|b\n1|x\n',
      [
        ['a', 'b'],
        ['1', 'x'],
      ],
    ],
    [
      'tabs',
      'a\tb c\n1\tx y\n',
      [
        ['a', 'b c'],
        ['1', 'x y'],
      ],
    ],
    [
      'CRLF',
      'a,b\r\n1,x\r\n2,y\r\n',
      [
        ['a', 'b'],
        ['1', 'x'],
        ['2', 'y'],
      ],
    ],
    [
      'no newline at the end',
      'a,b\n1,x',
      [
        ['a', 'b'],
        ['1', 'x'],
      ],
    ],
    [
      'a byte order mark',
      '\uFEFFa,b\n1,x\n',
      [
        ['a', 'b'],
        ['1', 'x'],
      ],
    ],
    ['one column', 'a\n1\n2\n', [['a'], ['1'], ['2']]],
    [
      'empty lines between',
      'a,b\n1,2\n\n3,4\n',
      [
        ['a', 'b'],
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'quotes, newlines and delimiters in quotes',
      'a,b\n"say ""hi"", you",1\n"two\nlines",2\n',
      [
        ['a', 'b'],
        ['say "hi", you', '1'],
        ['two\nlines', '2'],
      ],
    ],
    [
      'semicolons in quotes',
      'a,b\nx,"1;2;3"\ny,"4;5;6"\n',
      [
        ['a', 'b'],
        ['x', '1;2;3'],
        ['y', '4;5;6'],
      ],
    ],
    [
      'no header',
      '1,2\n3,4\n',
      [
        ['column0', 'column1'],
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'leading zeros as text',
      'zip,x\n00123,1\n10007,2\n',
      [
        ['zip', 'x'],
        ['00123', '1'],
        ['10007', '2'],
      ],
    ],
    [
      'values that begin with #',
      'a,tag\n1,#red\n2,#blue\n',
      [
        ['a', 'tag'],
        ['1', '#red'],
        ['2', '#blue'],
      ],
    ],
    [
      'NaN and infinity',
      'a,b\n1,NaN\n2,inf\n3,1.5\n',
      [
        ['a', 'b'],
        ['1', 'NaN'],
        ['2', 'Infinity'],
        ['3', 1.5],
      ],
    ],
    [
      'null as the empty text only',
      'a,b\nNULL,1\n,2\nNA,3\n',
      [
        ['a', 'b'],
        ['NULL', '1'],
        [null, '2'],
        ['NA', '3'],
      ],
    ],
    [
      'dates as they sort',
      'a,b\n2026-11-21,1\n2026-11-22,2\n',
      [
        ['a', 'b'],
        ['2026-11-21', '1'],
        ['2026-11-22', '2'],
      ],
    ],
    [
      'dates in other orders as text',
      'a,b\n21/11/2026,1\n22/11/2026,2\n',
      [
        ['a', 'b'],
        ['21/11/2026', '1'],
        ['22/11/2026', '2'],
      ],
    ],
  ])('%s', async (_, content, table) => {
    expect(await read(content)).toEqual(table);
  });

  it('a .tsv whose only clue is its name', async () => {
    expect(await read('a,b\tc\nx,y\tz\n', {}, 'table.tsv')).toEqual([
      ['a,b', 'c'],
      ['x,y', 'z'],
    ]);
  });

  it.each<[what: string, options: CsvOptions, content: string, table: unknown[][]]>([
    [
      'a delimiter',
      { delimiter: '^' },
      'a^b\n1^x\n',
      [
        ['a', 'b'],
        ['1', 'x'],
      ],
    ],
    [
      'another quote',
      { quote: "'" },
      "a,b\n'x,y',1\n",
      [
        ['a', 'b'],
        ['x,y', '1'],
      ],
    ],
    [
      'an escape',
      { escape: '\\' },
      'a,b\n"x\\"y",1\n',
      [
        ['a', 'b'],
        ['x"y', '1'],
      ],
    ],
    [
      'lines before the header',
      { skip: 2 },
      'Report\nof 2026\na,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ...(
      [
        ['a newline in quotes', { skip: 2 }, '"Report\nof 2026"\n'],
        ['a quote that is never closed', { skip: 1 }, '"Report\n'],
        ['a carriage return between them', { skip: 2 }, 'Report\rof 2026\n'],
        ['other newlines than the table', { skip: 1 }, 'Report\r\n'],
        ['a blank line that ends otherwise', {}, '\r\n'],
      ] as const
    ).map(([what, csv, skipped]): [string, CsvOptions, string, unknown[][]] => [
      `lines before the header: ${what}`,
      csv,
      `${skipped}a,b\n1,2\n3,4\n`,
      [
        ['a', 'b'],
        ['1', '2'],
        ['3', '4'],
      ],
    ]),
    [
      'no header',
      { header: false },
      'a,b\nx,y\n',
      [
        ['column0', 'column1'],
        ['a', 'b'],
        ['x', 'y'],
      ],
    ],
    [
      'texts that mean null',
      { nullText: ['', 'n/a'] },
      'a,b\nn/a,1\n5,2\n',
      [
        ['a', 'b'],
        [null, '1'],
        ['5', '2'],
      ],
    ],
    [
      'types',
      { types: { a: 'VARCHAR' } },
      'a,b\n1.50,1\n',
      [
        ['a', 'b'],
        ['1.50', '1'],
      ],
    ],
    [
      'a decimal comma',
      { delimiter: ';', decimalSeparator: ',' },
      'a;b\n1,5;1\n',
      [
        ['a', 'b'],
        [1.5, '1'],
      ],
    ],
    [
      'a date format',
      { dateFormat: '%d/%m/%Y' },
      'a,b\n21/11/2026,1\n',
      [
        ['a', 'b'],
        ['2026-11-21', '1'],
      ],
    ],
  ])('what options say: %s', async (_, options, content, table) => {
    expect(await read(content, options)).toEqual(table);
  });

  it.each<[what: string, content: Buffer]>([
    ['CRLF and LF', Buffer.from('a,b\r\n1,x\n2,y\r\n')],
    ['LF and CRLF', Buffer.from('a,b\n1,x\r\n2,y\n')],
    ['UTF-16 with its byte order mark', Buffer.from('\uFEFFa,b\n1,x\n2,y\n', 'utf16le')],
    ['UTF-16 the other way round', Buffer.from('\uFEFFa,b\n1,x\n2,y\n', 'utf16le').swap16()],
    ['the delimiter as Excel says it', Buffer.from('sep=;\na;b\n1;x\n2;y\n')],
    ['blank lines before the header', Buffer.from('\n\na,b\n1,x\n2,y\n')],
  ])('%s', async (_, content) => {
    expect(await read(content)).toEqual([
      ['a', 'b'],
      ['1', 'x'],
      ['2', 'y'],
    ]);
  });

  it('latin-1 where the encoding is told', async () => {
    expect(await read(Buffer.from('a,b\ngröße,1\n', 'latin1'), { encoding: 'latin-1' })).toEqual([
      ['a', 'b'],
      ['größe', '1'],
    ]);
  });
});

describe('names file and line of', () => {
  it.each<[what: string, content: string | Buffer, says: string]>([
    ['a first row with too few fields', 'a,b,c\n1,2\n3,4,5\n', 'table.csv:2 has 2 fields; expected 3'],
    [
      'a first row with too many fields',
      'a,b,c\n1,2,3,4\n3,4,5\n6,7,8\n',
      'table.csv:2 has 4 fields; expected 3',
    ],
    ['a later row with too many fields', 'a,b\n1,2\n3,4\n5,6,7,8\n', 'table.csv:4 has 4 fields; expected 2'],
    [
      'all of several such rows',
      'a,b\n1\n2\n3,4\n',
      'table.csv:2 has 1 fields; expected 2: "1" (and 1 more such row)',
    ],
    [
      'a quote that is never closed',
      'a,b\n1,"two\n3,4\n5,6\n',
      'table.csv:2 has a quote that is never closed',
    ],
    ['bytes that are not UTF-8', Buffer.from('a,b\n1,x\ngröße,2\n', 'latin1'), 'table.csv:3'],
    [
      'a comment before the header, which is no row',
      '# made by a tool\na,b\n1,2\n',
      'table.csv:2 has 2 fields; expected 1',
    ],
  ])('%s', async (_, content, says) => {
    await expect(read(content)).rejects.toMatchObject({ code: 'INPUT_MALFORMED_ROW' });
    await expect(read(content)).rejects.toThrow(says);
  });

  it.each<[what: string, content: string | Buffer, code: string, says: RegExp]>([
    [
      'a name of two columns',
      'a,x,a\n1,2,3\n',
      'SCHEMA_MISMATCH',
      /table.csv:1 names two columns "a" \(fields 1 and 3\)/,
    ],
    [
      'names that differ in case only',
      'a,A\n1,2\n',
      'SCHEMA_MISMATCH',
      /"a" and "A", which differ in case only/,
    ],
    [
      'titles before the header',
      'Report\nof 2026\na,b\n1,2\n3,4\n',
      'INPUT_MALFORMED_ROW',
      /set input.csv.skip: 2/,
    ],
    [
      'a comment before the header',
      '# by a tool\na,b\n1,2\n3,4\n',
      'INPUT_MALFORMED_ROW',
      /set input.csv.skip: 1/,
    ],
    [
      'UTF-16 without a mark',
      Buffer.from('a,b\n1,2\n', 'utf16le'),
      'INPUT_UNREADABLE',
      /input.csv.encoding: utf-16/,
    ],
    [
      'latin-1',
      Buffer.from('a,b\n1,ü\n', 'latin1'),
      'INPUT_MALFORMED_ROW',
      /table.csv:2 .*Set input.csv.encoding: latin-1/,
    ],
    [
      'an empty field too many',
      'a,b\n1,2,\n3,4\n',
      'INPUT_MALFORMED_ROW',
      /table.csv:2 has 3 fields; expected 2/,
    ],
    [
      'a quoted empty field too many',
      'a,b\n1,2,""\n3,4\n',
      'INPUT_MALFORMED_ROW',
      /table.csv:2 has 3 fields/,
    ],
    [
      'a decimal comma without quotes',
      'a,b\n1,2\n3,4,5\n',
      'INPUT_MALFORMED_ROW',
      /table.csv:3 has 3 fields/,
    ],
    [
      'a stray quote',
      '"a","b"\n"1","2"\n"3","4"x\n',
      'INPUT_MALFORMED_ROW',
      /table.csv:3 has a quote inside a field/,
    ],
  ])('what is wrong, and what to do: %s', async (_, content, code, says) => {
    await expect(read(content)).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
  });

  it('a table without rows, which is no table to score', async () => {
    await expect(read('a,b,c\n')).rejects.toMatchObject({ code: 'INPUT_EMPTY' });
  });
});
