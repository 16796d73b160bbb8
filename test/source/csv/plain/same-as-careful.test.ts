import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { ResolvedInput } from '../../../../src/core/table.ts';
import type { Database } from '../../../../src/source/duckdb/database.ts';
import { asWritten, rowsSql } from '../../../../src/source/shard-relation.ts';
import { openDatabase, parquetRows } from '../../../support/database.ts';
import { temporaryFolder } from '../../../support/project.ts';
import { type ResolveOptions, resolveTable } from '../../../support/resolve-table.ts';

/** More of them in a campaign: `CSV_TABLES=2000`. */
const TABLES = Number(process.env.CSV_TABLES ?? 12);

/** Characters that make lines long: a table is then read in several pieces, which takes long. */
const PADDINGS = TABLES < 100 ? [0] : [0, 0, 0, 0, 0, 0, 0, 40_000];

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

const digits = fc.stringMatching(/^\d{1,20}$/);
const PLAIN: Readonly<Record<string, fc.Arbitrary<string>>> = {
  BIGINT: fc.oneof(
    fc.integer().map(String),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  ),
  SMALLINT: fc.integer({ min: -40_000, max: 40_000 }).map(String),
  DOUBLE: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.integer({ min: -999_999, max: 999_999 }).map((cents) => (cents / 100).toFixed(2)),
    fc.stringMatching(/^-?(0|[1-9]\d{0,16})(\.\d{0,20})?([eE]-?\d{1,3})?$/),
  ),
  DATE: fc
    .tuple(
      fc.integer({ min: 0, max: 10_010 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
    )
    .map(([year, month, day]) => `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`),
  TIMESTAMP: fc
    .tuple(
      fc.integer({ min: 1, max: 28 }),
      fc.integer({ min: 0, max: 25 }),
      fc.stringMatching(/^([ T])[0-6]\d(\.\d{1,7})?Z?$/),
    )
    .map(
      ([day, hour, rest]) =>
        `2026-02-${pad(day, 2)}${rest[0]}${pad(hour, 2)}:${rest.slice(1, 3)}:${rest.slice(1)}`,
    ),
  BOOLEAN: fc.constantFrom('true', 'false', 'True', 'FALSE', 't', 'no', '1'),
  VARCHAR: fc.oneof(fc.constantFrom('north', 'ä', 'a b', ''), fc.string({ maxLength: 5 })),
};
const pad = (value: number, length: number): string => String(value).padStart(length, '0');
/** What reads as something to somebody. */
const nasty = fc.oneof(
  fc.constantFrom(
    '',
    '-',
    '.',
    '-0',
    '+5',
    '007',
    '1_000',
    '0x10',
    '5.',
    '.5',
    '-.5',
    'e5',
    '1e5',
    '1e',
    '5e-',
    '1,5',
  ),
  fc.constantFrom(
    'nan',
    'NaN',
    '-inf',
    'Infinity',
    'NULL',
    'n/a',
    ' 5',
    '5 ',
    '1e999',
    '1e-400',
    '-0.0',
    '00',
    '0.10',
  ),
  fc.constantFrom(
    '9223372036854775807',
    '9223372036854775808',
    '9007199254740993',
    '999999999999999999999999999999',
  ),
  fc.constantFrom(
    '2026-02-30',
    '12-05-21',
    '2026/11/21',
    '0000-01-01',
    '2026-11-21 24:00:00',
    '2026-11-21T10:30',
    'epoch',
  ),
  fc.constantFrom(
    '+1',
    '1E5',
    '1e-5',
    '-00',
    '0.',
    '-.',
    '+.5',
    '1e308',
    '1e309',
    '4.9e-324',
    '2.2250738585072014e-308',
  ),
  fc.constantFrom(
    '9007199254740992',
    '-9223372036854775808',
    '-9223372036854775809',
    '99999999999999999.5',
    '0,10',
  ),
  fc.constantFrom(
    'infinity',
    '+nan',
    '-nan',
    'INF',
    '0x1F',
    '\u20095',
    '5\u3000',
    '\uff15',
    '\t5',
    'TRUE',
    ' true',
    '1',
  ),
  fc.constantFrom(
    '2026-11-21',
    '2026-11-21T10:30:00Z',
    '2026-11-21 10:30:00+02',
    '10:30',
    '2026-1-2',
    '2026-11-21 10:30:00.1234567',
  ),
  fc.constantFrom('"', 'a"b', '\r', '\n', 'x\ny', '\0', '\ufeff', '\u00a05', "'5'", '(5)', '5%', '#5'),
  digits,
  fc.stringMatching(/^[0-9.eE_+ -]{1,6}$/),
);

interface Table {
  readonly content: string;
  /** The same, and nothing is proved of it: a blank line at the end does not count as a row. */
  readonly careful: string;
  readonly options: ResolveOptions;
}

const tables: fc.Arbitrary<Table> = fc
  .record({
    kinds: fc.array(fc.constantFrom(...Object.keys(PLAIN)), { minLength: 1, maxLength: 5 }),
    rows: fc.integer({ min: 1, max: 120 }),
    nastyColumn: fc.integer({ min: 0, max: 9 }),
    nastyShare: fc.constantFrom(0, 1, 2, 4),
    quoted: fc.constantFrom('where needed', 'always', 'never'),
    newline: fc.constantFrom('\n', '\r\n'),
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    isTyped: fc.boolean(),
    kept: fc.constantFrom<ResolveOptions['needs']>(
      { keys: ['c0'], kept: [], texts: [], integers: [] },
      { keys: [], kept: '*', texts: [], integers: [] },
      { keys: [], kept: [], texts: ['c1'], integers: ['c0', 'c2'] },
    ),
    ends: fc.boolean(),
    short: fc.constantFrom(false, false, false, true),
    hasHeader: fc.constantFrom(true, true, false),
    mark: fc.constantFrom('', '', '\ufeff'),
    title: fc.constantFrom('', '', '', 'Report', '"Report', 'Report "of" 2026'),
    padding: fc.constantFrom(...PADDINGS),
  })
  .chain((shape) =>
    fc
      .array(
        fc.tuple(
          ...shape.kinds.map((kind, index) =>
            cells(kind, index === shape.nastyColumn ? shape.nastyShare : 0),
          ),
        ),
        {
          minLength: shape.rows,
          maxLength: shape.rows,
        },
      )
      .map((rows) => {
        const header = shape.kinds.map((_, index) => `${shape.hasHeader ? 'c' : 'column'}${index}`);
        const all =
          shape.padding === 0 ? rows : rows.map((cells, row) => [...cells, padded(row, shape.padding)]);
        const records = shape.short ? [...all, ['1']] : all;
        const named = shape.padding === 0 ? header : [...header, 'padding'];
        const lines = (shape.hasHeader ? [named, ...records] : records).map((fields) =>
          fields.map((field) => write(field, shape)).join(shape.delimiter),
        );
        const skipped = shape.title === '' ? [] : [shape.title];
        const text = shape.mark + [...skipped, ...lines].join(shape.newline);
        return {
          content: `${text}${shape.ends ? shape.newline : ''}`,
          careful: `${text}${shape.newline.repeat(3)}`,
          options: {
            setAside: true,
            ...(shape.kept === undefined ? {} : { needs: shape.kept }),
            csv: {
              delimiter: shape.delimiter,
              ...{ header: shape.hasHeader, skip: skipped.length },
              ...(shape.delimiter === ';' ? { decimalSeparator: ',' } : {}),
              ...(shape.isTyped
                ? { types: Object.fromEntries(shape.kinds.map((kind, index) => [header[index], kind])) }
                : {}),
            },
          },
        };
      }),
  );

/** A text of characters of two bytes, which no border of a piece may part. */
function padded(row: number, length: number): string {
  return `${row}${'ä'.repeat((length + row * 777) >> 1)}`;
}

function cells(kind: string, nastyShare: number): fc.Arbitrary<string> {
  const plain = PLAIN[kind] ?? fc.constant('');
  return fc.oneof({ weight: 12, arbitrary: plain }, { weight: nastyShare, arbitrary: nasty });
}

function write(
  text: string,
  { quoted, delimiter }: { readonly quoted: string; readonly delimiter: string },
): string {
  const field = delimiter === ';' && /^-?\d+\.\d+$/.test(text) ? text.replace('.', ',') : text;
  const needs = field.includes(delimiter) || /["\r\n]/.test(field);
  if (quoted === 'always' || (quoted === 'where needed' && needs)) return `"${field.replaceAll('"', '""')}"`;
  return field;
}

/** All that is read of a CSV; what it ends with, where it is refused. */
async function readAll(name: string, content: string, options: ResolveOptions): Promise<unknown> {
  const path = join(folder, name);
  await writeFile(path, content);
  try {
    const input = await resolveTable(database, path, options);
    const { columns, rows, stagingRejects, places } = input;
    const badCells = input.badCells.map(({ file: _, ...rest }) => rest);
    const texts = { ...input, columns: asWritten(columns, input.written) };
    const found = places === null ? [] : await parquetRows(database, places);
    const lines = found.filter(({ first_row }) => Number(first_row) < rows);
    return {
      ...{ columns, rows, stagingRejects, badCells, lines: lines.map(({ file: _, ...rest }) => rest) },
      ...{ values: await valuesOf(input), texts: await valuesOf(texts) },
    };
  } catch (error) {
    return String(error).replaceAll(name, 'FILE');
  }
}

/** Every value with its bits: -0, NaN, and the last digit of a DOUBLE. */
async function valuesOf(input: ResolvedInput): Promise<unknown[]> {
  const rows = await rowsSql(database, input, { rowStart: 0, rowEnd: input.rows });
  return database.rows(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${rows})`);
}

it(
  'reads of a plain file what it reads of one that is looked at with care',
  async () => {
    await fc.assert(
      fc.asyncProperty(tables, async ({ content, careful, options }) => {
        expect(await readAll('plain.csv', content, options)).toEqual(
          await readAll('careful.csv', careful, options),
        );
      }),
      { numRuns: TABLES },
    );
  },
  60_000 + TABLES * 5_000,
);
