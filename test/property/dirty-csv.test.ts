import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { NO_NEEDS } from '../../src/source/csv/staged-columns.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { placesSql } from '../../src/source/row-place.ts';
import { asWritten, rowsSql } from '../../src/source/shard-relation.ts';
import { openDatabase, parquetRows } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';
import { resolveTable } from '../support/resolve-table.ts';

/** The same tables every time. */
const SEEDED = { seed: 20_261_128, numRuns: 40 } as const;

const DIRT = [
  'n/a',
  'maybe',
  '1_000',
  '0x10',
  '007',
  '1,5',
  '12-05-21',
  ' 5',
  '5%',
  'NULL',
  '1e400',
  '9007199254740993',
];
const AWKWARD = ['', 'x\ny', 'say "hi"', 'a,b', '# no comment', ' blank ', 'ü', '-', '+5', '1.10', '1E5'];

const clean = (kind: string): fc.Arbitrary<string> =>
  ({
    integer: fc.oneof(fc.integer(), fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n })).map(String),
    decimal: fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })
      .map((x) => x.toFixed(2)),
    date: fc
      .integer({ min: 0, max: 20_000 })
      .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
    boolean: fc.constantFrom('true', 'false'),
    text: fc.constantFrom(...AWKWARD, 'word', 'another word'),
  })[kind] ?? fc.constant('');

/** Columns of a kind, with a later kind from some row on, and cells of dirt; and lines that are no rows. */
const table = fc
  .record({
    kinds: fc.array(fc.constantFrom('integer', 'decimal', 'date', 'boolean', 'text'), {
      minLength: 2,
      maxLength: 4,
    }),
    rows: fc.integer({ min: 3, max: 40 }),
    lateKind: fc.constantFrom('integer', 'decimal', 'text'),
    late: fc.integer({ min: 2, max: 60 }),
  })
  .chain(({ kinds, rows, lateKind, late }) =>
    fc
      .array(
        fc.record({
          cells: fc.tuple(
            ...kinds.map((kind) =>
              fc.oneof(
                { arbitrary: fc.tuple(clean(kind), clean(lateKind)), weight: 20 },
                {
                  arbitrary: fc.constantFrom(...DIRT, ...AWKWARD).map((text) => [text, text] as const),
                  weight: 1,
                },
              ),
            ),
          ),
          isShort: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
          isLong: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
          isQuoted: fc.boolean(),
        }),
        { minLength: rows, maxLength: rows },
      )
      .map((lines) => ({
        width: kinds.length,
        lines: lines.map(({ cells, ...line }, index) => ({
          ...line,
          cells: cells.map(([early, other], column) => (column === 0 && index >= late ? other : early)),
        })),
      })),
  );

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

it('changes no cell without a word, and accounts for every line', async () => {
  await fc.assert(
    fc.asyncProperty(table, async ({ width, lines }) => {
      const names = Array.from({ length: width }, (_, index) => `name${index}`);
      const content = [names.join(','), ...lines.map(lineText)].join('\n');
      const path = join(folder, 'dirty.csv');
      await writeFile(path, `${content}\n`);
      const { good, bad } = readSlowly(`${content}\n`, width);
      fc.pre(good.length > 0);

      const stagingRejectsPath = join(folder, 'rejects.parquet');
      const input = await resolveTable(database, path, {
        ...{ setAside: true, stagingRejectsPath },
        csv: { header: true, delimiter: ',' },
        needs: { ...NO_NEEDS, kept: '*' },
      });
      const range = { rowStart: 0, rowEnd: input.rows };
      const kept = { ...input, columns: asWritten(input.columns, input.written) };
      const texts = await textsOf(await rowsSql(database, kept, range));
      const values = await textsOf(await rowsSql(database, input, range));

      // Rows in are rows out and rejects, and each stands where it is said to stand.
      expect(texts).toEqual(good.map(({ fields }) => fields.map((text) => text || null)));
      const rejects = bad.length === 0 ? [] : await parquetRows(database, stagingRejectsPath);
      expect(rejects.map(({ line }) => Number(line))).toEqual(bad.map(({ line }) => line));
      const places = await database.rows(
        `SELECT p.line + r - p.first_row AS line FROM range(${input.rows}) t(r)
         ASOF JOIN ${placesSql(input)} p ON r >= p.first_row ORDER BY r`,
      );
      expect(places.map(({ line }) => Number(line))).toEqual(good.map(({ line }) => line));

      // A value says what is written, or is null and counted.
      input.columns.forEach(({ name, type }, column) => {
        const missing = good.filter(
          ({ fields }, row) => fields[column] !== '' && values[row]?.[column] === null,
        );
        const counted = input.badCells.find((cells) => cells.column === name);
        expect(counted?.count ?? 0).toBe(missing.length);
        if (missing.length > 0)
          expect(counted).toMatchObject({ line: missing[0]?.line, value: missing[0]?.fields[column] });
        good.forEach(({ fields }, row) => {
          const value = values[row]?.[column] ?? null;
          if (value !== null) expect(meaning(value, type)).toBe(meaning(fields[column] ?? '', type));
        });
      });
    }),
    SEEDED,
  );
});

function lineText({
  cells,
  isShort,
  isLong,
  isQuoted,
}: {
  readonly cells: readonly string[];
  readonly isShort: boolean;
  readonly isLong: boolean;
  readonly isQuoted: boolean;
}): string {
  const fields = cells.map((text) =>
    isQuoted || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text,
  );
  return [...(isShort ? fields.slice(1) : fields), ...(isLong ? [''] : [])].join(',');
}

interface SlowRecord {
  readonly fields: readonly string[];
  readonly line: number;
}

/** By another reader: records with the right number of fields, and the others. */
function readSlowly(
  content: string,
  width: number,
): { readonly good: SlowRecord[]; readonly bad: SlowRecord[] } {
  const records = parse(content, {
    relax_column_count: true,
    info: true,
    skip_empty_lines: true,
  }) as unknown as {
    readonly record: string[];
    readonly info: { readonly lines: number };
  }[];
  const located = records.slice(1).map(({ record, info }) => {
    const inside = record.join('').split('\n').length - 1;
    return { fields: record, line: info.lines - inside };
  });
  const isGood = ({ fields }: SlowRecord): boolean => fields.length === width;
  return { good: located.filter(isGood), bad: located.filter((record) => !isGood(record)) };
}

async function textsOf(sql: string): Promise<(string | null)[][]> {
  const rows = await database.rows(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${sql})`);
  return rows.map((row) => Object.values(row) as (string | null)[]);
}

/** What a text says as a type, by JavaScript. */
function meaning(text: string, type: string): string {
  const plain = text.trim();
  if (type === 'BIGINT' || type === 'DECIMAL(38,0)') return String(BigInt(plain.replace('+', '')));
  if (type === 'DOUBLE') return String(Number(plain));
  if (type === 'TIMESTAMP') return plain.length === 10 ? `${plain} 00:00:00` : plain.replace('T', ' ');
  if (type === 'BOOLEAN') return String(/^(true|t|yes)$/i.test(plain));
  return type === 'VARCHAR' ? text : plain;
}
