import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { quoteText } from '../../src/core/text/sql.ts';
import type { Database } from '../../src/source/duckdb/database.ts';

/** A row of a random table. */
export interface RandomRow {
  /** What the model gets; null and values beyond float32 cannot be used. */
  readonly x: number | null;
  /** A 64-bit integer, which no double holds. */
  readonly id: bigint | null;
  readonly note: string | null;
  readonly flag: boolean | null;
}

const EXTREMES = [
  ...[0, -0, 1e-45, 5e-324, -1e-300, 3.4028234663852886e38, -3.4028234663852886e38, 2 ** 24 + 1, 0.1],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[3.5e38, -1e308, Number.MAX_VALUE],
];
const EXTREME_IDS = [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];

/** Texts that text formats trip over. */
const AWKWARD_TEXTS = [
  ...['', ' ', '"', '""', "'", ',', ';', '\t', '|', '\n', '\r\n', '\r', '\\', '\\N', 'NULL', 'null', 'NaN'],
  ...[
    'a,b',
    'say "hi"',
    'two\nlines',
    '# no comment',
    '007',
    '1e5',
    'true',
    '2026-11-21',
    '=1+1',
    '{"a": 1}',
  ],
  ...['größe', 'ʤ', '日付', '🙂', 'e\u0301', '\u202Eright to left', 'a\uFEFF', '\u0001'],
];

/** DuckDB's Node binding drops this from the beginning of a text on its way into JavaScript. */
const BYTE_ORDER_MARK = '\uFEFF';

const note = fc
  .oneof(
    fc.constantFrom(...AWKWARD_TEXTS),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.array(fc.constantFrom(...AWKWARD_TEXTS), { maxLength: 6 }).map((texts) => texts.join('')),
  )
  .filter((text) => !text.startsWith(BYTE_ORDER_MARK));

export const randomRows: fc.Arbitrary<readonly RandomRow[]> = fc.array(
  fc.record({
    x: fc.option(fc.oneof(fc.constantFrom(...EXTREMES), fc.double(), fc.float()), { freq: 8 }),
    id: fc.option(
      fc.oneof(fc.constantFrom(...EXTREME_IDS), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    ),
    note: fc.option(note),
    flag: fc.option(fc.boolean()),
  }),
  { minLength: 1, maxLength: 60 },
);

export const COLUMN_TYPES = { x: 'DOUBLE', id: 'BIGINT', note: 'VARCHAR', flag: 'BOOLEAN' } as const;

export async function writeParquet(
  database: Database,
  rows: readonly RandomRow[],
  path: string,
): Promise<void> {
  const columns = Object.entries(COLUMN_TYPES).map(([name, type]) => `${name} ${type}`);
  await database.run(`CREATE OR REPLACE TEMP TABLE random_rows (${columns.join(', ')})`);
  const appender = await database.connection.createAppender('random_rows');
  for (const { x, id, note, flag } of rows) {
    if (x === null) appender.appendNull();
    else appender.appendDouble(x);
    if (id === null) appender.appendNull();
    else appender.appendBigInt(id);
    if (note === null) appender.appendNull();
    else appender.appendVarchar(note);
    if (flag === null) appender.appendNull();
    else appender.appendBoolean(flag);
    appender.endRow();
  }
  appender.closeSync();
  await database.run(`COPY random_rows TO ${quoteText(path)} (FORMAT parquet)`);
}

/** RFC 4180: every text in quotes, null is nothing at all. */
export async function writeCsv(rows: readonly RandomRow[], path: string): Promise<void> {
  const lines = rows.map(({ x, id, note, flag }) =>
    [numberText(x), id ?? '', quoted(note), flag ?? ''].join(','),
  );
  await writeFile(path, `${['x,id,note,flag', ...lines].join('\n')}\n`);
}

function numberText(value: number | null): string {
  if (value === null) return '';
  return Object.is(value, -0) ? '-0' : String(value);
}

function quoted(text: string | null): string {
  return text === null ? '' : `"${text.replaceAll('"', '""')}"`;
}

/** Whether a value becomes a float32: NaN and infinities are values, what is too large is none. */
export function isUsable({ x }: Pick<RandomRow, 'x'>): boolean {
  return x !== null && (!Number.isFinite(x) || Number.isFinite(Math.fround(x)));
}

/** A row of a part as JSON: what is kept of the input, and the prediction of a model that changes nothing. */
export function expectedPart({ x, id, note, flag }: RandomRow): Record<string, unknown> {
  return { id: id === null ? null : String(id), note, flag, y: jsonNumber(Math.fround(x ?? 0)) };
}

function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
