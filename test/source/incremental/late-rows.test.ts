import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Lateness } from '../../../src/core/incremental.ts';
import { quoteText } from '../../../src/core/text/sql.ts';
import { NO_NEEDS } from '../../../src/source/csv/staged-columns.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { fingerprintInput } from '../../../src/source/files/fingerprint.ts';
import { type TakeOutcome, takeRows } from '../../../src/source/incremental/take-rows.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;
let folder: string;
let last: TakeOutcome['taken'];
let runs: number;

beforeAll(async () => {
  database = await openDatabase();
});
beforeEach(async () => {
  folder = await temporaryFolder();
  last = null;
  runs = 0;
});

const HOURS: Lateness = { text: '2h', amount: 7200, isTime: true };
const span = (amount: number): Lateness => ({ text: String(amount), amount, isTime: false });

/** Takes what is new of a table, as the run after the one before, and answers the values of `v`. */
async function take(
  select: string,
  lateness: Lateness,
  key: readonly string[] | null = null,
): Promise<{ readonly values: readonly unknown[]; readonly passed: TakeOutcome['passed'] }> {
  const path = join(folder, 't.parquet');
  await database.run(`COPY (${select}) TO ${quoteText(path)} (FORMAT parquet)`);
  const from = last?.lateWindow?.from;
  const outcome = await takeRows(database, {
    paths: [path],
    format: 'parquet',
    source: await fingerprintInput(await findFiles([path])),
    options: { hivePartitioning: 'auto', csv: {}, json: {} },
    stagedPath: join(folder, 'staged/input.parquet'),
    stagingRejectsPath: join(folder, 'rejects/staging.parquet'),
    unorderedPath: join(folder, 'rejects/unordered.parquet'),
    takenPath: takenPath(runs),
    setAside: true,
    needs: NO_NEEDS,
    column: 'at',
    above: last === null ? null : { value: last.to, type: last.column.type },
    late: { lateness, key, before: from === undefined ? null : { path: takenPath(runs - 1), from } },
  });
  if (outcome.taken === null) return { values: [], passed: outcome.passed };
  last = outcome.taken;
  runs += 1;
  const rows = await parquetRows(database, ...last.input.files.map((file) => file.path));
  return { values: rows.map(({ v }) => v), passed: outcome.passed };
}

function takenPath(run: number): string {
  return join(folder, `taken-${run}.parquet`);
}

/** Rows of `at`, `id` and `v`. */
function table(...rows: readonly string[]): string {
  return `SELECT * FROM (VALUES ${rows.map((row) => `(${row})`).join(', ')}) t("at", id, v)`;
}

describe('how far the lateness goes', () => {
  it.each<[string, Lateness, string, string, string]>([
    ['INTEGER', span(3), '10', '7', '6'],
    ['INTEGER', span(3.5), '10', '7', '6'],
    ['BIGINT', span(1), '9007199254740995', '9007199254740994', '9007199254740993'],
    ['DECIMAL(9,2)', span(0.05), '10.25', '10.20', '10.19'],
    ['DOUBLE', span(0.5), '1.5', '1.0', '0.9'],
    ['DATE', { text: '36h', amount: 129_600, isTime: true }, '2026-11-21', '2026-11-20', '2026-11-19'],
    ['DATE', span(0), '2026-11-21', '2026-11-21', '2026-11-20'],
    ['TIMESTAMP', HOURS, '2026-11-21 10:00:00', '2026-11-21 08:00:00', '2026-11-21 07:59:59.999999'],
    ['TIMESTAMP', span(60), '2026-11-21 10:00:00', '2026-11-21 09:59:00', '2026-11-21 09:58:59'],
    [
      'TIMESTAMP WITH TIME ZONE',
      HOURS,
      '2026-03-29 03:00:00+02',
      '2026-03-29 00:00:00+01',
      '2026-03-28 22:59:59+00',
    ],
    ['TIMESTAMP_NS', span(0), '2026-11-21 10:00:00', '2026-11-21 10:00:00', '2026-11-21 09:59:59.999999999'],
    ['VARCHAR', span(0), 'b', 'b', 'a'],
  ])('%s, %o: from %s down to %s, and not to %s', async (type, lateness, end, within, below) => {
    const row = (at: string, v: number) => `${quoteText(at)}::${type}, ${v}, ${v}`;
    expect((await take(table(row(end, 1)), lateness)).values).toEqual([1]);
    const grown = table(row(end, 1), row(within, 2), row(below, 3));
    const { values, passed } = await take(grown, lateness);
    expect(values).toEqual([2]);
    expect(passed?.late).toMatchObject({ taken: 1, overtaken: 0, below: 1 });
    // Taken once, and the watermark stays where it was.
    expect(last).toMatchObject({
      to: expect.stringContaining(end.slice(0, 1)),
      lateWindow: { rowsBelow: 1 },
    });
    expect((await take(grown, lateness)).values).toEqual([]);
  });

  it('ends where the type ends', async () => {
    await take(table('3::UTINYINT, 1, 1'), span(10));
    expect(last?.lateWindow).toEqual({ from: null, rowsBelow: 0 });
    const { values } = await take(table('3::UTINYINT, 1, 1', '0::UTINYINT, 2, 2'), span(10));
    expect(values).toEqual([2]);
  });

  it.each<[string, Lateness, string]>([
    ['1', HOURS, 'lateness is 2h, and the column "at" of .* is INTEGER; expected a number'],
    ["'a'", span(1), 'lateness is 1, and the column "at" of .* is VARCHAR; expected 0'],
  ])('of %s is none that is %o', async (at, lateness, message) => {
    await expect(take(table(`${at}, 1, 1`), lateness)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringMatching(message),
    });
  });
});

describe('late rows', () => {
  it('come before the new ones, in the order of the input, and are named in messages', async () => {
    await take(table('10, 1, 1'), span(5));
    const { values } = await take(table('10, 1, 1', '12, 2, 2', '8, 3, 3', '7, 4, 4'), span(5));
    expect(values).toEqual([3, 4, 2]);
    expect(last?.input.excerpt).toBe('rows with at above 10, and 2 that came late');
  });

  it('that have no value for the column, or an infinite one, are none', async () => {
    const odd = "('-inf'::DOUBLE), (NULL), ('NaN'::DOUBLE)";
    const select = (...more: string[]) =>
      `SELECT "at", 1 AS id, 1 AS v FROM (VALUES (5.0::DOUBLE), ${[odd, ...more].join(', ')}) t("at")`;
    expect((await take(select(), span(100))).values).toEqual([1]);
    expect((await take(select(), span(100))).values).toEqual([]);
    expect((await take(select('(6.0)'), span(100))).passed?.late).toMatchObject({ taken: 0 });
  });

  it('begin to be taken with the first run that remembers rows', async () => {
    await take(table('10, 1, 1'), span(5));
    last = last === null ? null : { ...last, lateWindow: null };
    const counted = await take(table('10, 1, 1', '9, 2, 2', '11, 3, 3'), span(5));
    expect(counted).toMatchObject({ values: [3], passed: { upTo: 2, late: null } });
    const grown = table('10, 1, 1', '9, 2, 2', '11, 3, 3', '9, 4, 4');
    expect((await take(grown, span(5))).values).toEqual([4]);
  });

  it('are told from taken ones by the old columns where new ones were added, and types have grown', async () => {
    await take(table("10, 1, 'a'"), span(5));
    const wider = `SELECT "at"::DOUBLE AS "at", id::DOUBLE AS id, v, 'new' AS more FROM (${table("10, 1, 'a'", "9, 1.5, 'b'")})`;
    expect((await take(wider, span(5))).values).toEqual(['b']);
    expect((await take(wider, span(5))).values).toEqual([]);
  });

  it.each<[string, string, readonly string[] | null, string]>([
    ['a column is gone', 'SELECT 10 AS "at", 1 AS id', null, 'no longer has the column "v"'],
    [
      'the key has changed',
      table('10, 1, 1'),
      ['id'],
      'known by the columns id; .* knew them by all columns',
    ],
  ])('are not guessed at where %s', async (_, select, key, message) => {
    await take(table('10, 1, 1'), span(5));
    await expect(take(select, span(5), key)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringMatching(`${message}.*--full`),
    });
  });

  it('are not guessed at where the list of what was taken is gone', async () => {
    await take(table('10, 1, 1'), span(5));
    await rm(takenPath(0));
    await expect(take(table('10, 1, 1', '9, 2, 2'), span(5))).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(/taken-0\.parquet cannot be read \(it is missing\).*--full/),
    });
  });
});

describe('with a key', () => {
  it('rows are the same whatever their other columns hold', async () => {
    await take(table('10, 1, 1'), span(5), ['id']);
    expect((await take(table('10, 1, 99', '10, 2, 2'), span(5), ['ID'])).values).toEqual([2]);
  });

  it('a row that is older than one of its key is overtaken: it is counted once, and not taken', async () => {
    await take(table('10, 1, 1', '9, 2, 2'), span(5), ['id']);
    const grown = table(
      '10, 1, 1',
      '9, 2, 2',
      '8, 1, 3',
      '9, 1, 4',
      '10, 2, 5',
      '12, 3, 6',
      '11, 3, 7',
      '9, 3, 8',
    );
    const { values, passed } = await take(grown, span(5), ['id']);
    expect(values).toEqual([5, 6, 7]);
    expect(passed?.late).toMatchObject({ taken: 1, overtaken: 3 });
    expect((await take(`${grown} UNION ALL SELECT 13, 9, 9`, span(5), ['id'])).passed?.late).toMatchObject({
      taken: 0,
      overtaken: 0,
    });
  });

  it('that the table does not have there is an error with a near name', async () => {
    await expect(take(table('10, 1, 1'), span(5), ['idd'])).rejects.toThrow(
      /input\.incremental\.key names the column "idd", which .* does not have \(at, id, v\)\. Did you mean "id"/,
    );
  });
});
