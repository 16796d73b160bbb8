import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quoteText } from '../../../src/core/text/sql.ts';
import { NO_NEEDS } from '../../../src/source/csv/staged-columns.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { fingerprintInput } from '../../../src/source/files/fingerprint.ts';
import { formatOfFiles } from '../../../src/source/formats/table-formats.ts';
import type { LateRequest } from '../../../src/source/incremental/late-rows.ts';
import { type TakenRows, type TakeOutcome, takeRows } from '../../../src/source/incremental/take-rows.ts';
import { compareSql } from '../../../src/source/incremental/watermark-type.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
});
beforeEach(async () => {
  folder = await temporaryFolder();
});

interface TakeOptions {
  readonly above?: { readonly value: string; readonly type: string };
  readonly setAside?: boolean;
  readonly column?: string;
  readonly late?: LateRequest;
}

async function take(name: string, options: TakeOptions = {}): Promise<TakenRows | null> {
  return (await takeOrPass(name, options)).taken;
}

async function takeOrPass(name: string, options: TakeOptions = {}): Promise<TakeOutcome> {
  const path = join(folder, name);
  const files = await findFiles([path]);
  return takeRows(database, {
    paths: [path],
    format: formatOfFiles(files.map((file) => file.path)),
    source: await fingerprintInput(files),
    options: { hivePartitioning: 'auto', csv: {}, json: {} },
    stagedPath: join(folder, 'staged/input.parquet'),
    stagingRejectsPath: join(folder, 'rejects/staging.parquet'),
    unorderedPath: join(folder, 'rejects/unordered.parquet'),
    takenPath: join(folder, 'taken.parquet'),
    late: options.late ?? null,
    setAside: options.setAside ?? false,
    needs: NO_NEEDS,
    column: options.column ?? 'at',
    above: options.above ?? null,
  });
}

/** The values of the column `v` of the rows that were taken. */
async function valuesOf(taken: TakenRows | null): Promise<unknown[]> {
  if (taken === null) return [];
  const rows = await parquetRows(database, ...taken.input.files.map(({ path }) => path));
  expect(rows).toHaveLength(taken.input.rows);
  return rows.map(({ v }) => v);
}

async function writeParquet(name: string, select: string, options = ''): Promise<void> {
  await database.run(`COPY (${select}) TO ${quoteText(join(folder, name))} (FORMAT parquet${options})`);
}

const VALUES = "(VALUES (1, 'a'), (3, 'b'), (2, 'c'), (3, 'd')) t(\"at\", v)";

async function writeTable(name: string): Promise<void> {
  const path = join(folder, name);
  if (name.endsWith('.parquet')) await writeParquet(name, `FROM ${VALUES}`);
  if (name.endsWith('.csv')) await writeFile(path, 'at,v\n1,a\n3,b\n2,c\n3,d\n');
  if (name.endsWith('.jsonl'))
    await writeFile(path, '{"at":1,"v":"a"}\n{"at":3,"v":"b"}\n{"at":2,"v":"c"}\n{"at":3,"v":"d"}\n');
  if (name.endsWith('.arrow')) {
    const at = arrow.vectorFromArray([1, 3, 2, 3], new arrow.Int32());
    const v = arrow.vectorFromArray(['a', 'b', 'c', 'd'], new arrow.Utf8());
    await writeFile(path, arrow.tableToIPC(new arrow.Table({ at, v }), 'file'));
  }
}

describe.each(['t.parquet', 't.csv', 't.jsonl', 't.arrow'])('of %s', (name) => {
  beforeEach(() => writeTable(name));

  it('all rows are taken where nothing was taken before, in the order of the input', async () => {
    const taken = await take(name);
    expect(await valuesOf(taken)).toEqual(['a', 'b', 'c', 'd']);
    expect(taken).toMatchObject({ to: '3', rowsAtTo: 2, rowsUpTo: 4 });
    expect(taken?.input).toMatchObject({ staged: true, excerpt: null, rows: 4, stagingRejects: 0 });
  });

  it('those above the watermark are taken, all that share the greatest value among them', async () => {
    const taken = await take(name, { above: { value: '1', type: 'BIGINT' } });
    expect(await valuesOf(taken)).toEqual(['b', 'c', 'd']);
    expect(taken).toMatchObject({ to: '3', rowsAtTo: 2, rowsUpTo: 4 });
    expect(taken?.input.excerpt).toBe('rows with at above 1');
  });

  it('those at the watermark and up to it are counted, whether or not something is above', async () => {
    const passedBy = async (value: string) =>
      (await takeOrPass(name, { above: { value, type: 'BIGINT' } })).passed;
    expect((await takeOrPass(name)).passed).toBeNull();
    expect(await passedBy('0')).toEqual({ at: 0, upTo: 0, late: null });
    expect(await passedBy('2')).toEqual({ at: 1, upTo: 2, late: null });
    expect(await passedBy('3')).toEqual({ at: 2, upTo: 4, late: null });
  });

  it('nothing is taken, and nothing left behind, where there is nothing above it', async () => {
    expect(await take(name, { above: { value: '3', type: 'BIGINT' } })).toBeNull();
    expect(await readdir(join(folder, 'staged'))).toEqual([]);
  });
});

describe('kinds of columns', () => {
  it.each([
    ['INTEGER', '2', '10'],
    ['UBIGINT', '9', '18446744073709551615'],
    ['DECIMAL(9,2)', '2.50', '10.25'],
    ['DOUBLE', '0.1', '0.30000000000000004'],
    ['DATE', '2026-11-20', '2026-11-21'],
    ['TIMESTAMP', '2026-11-21 10:00:00', '2026-11-21 10:00:00.000001'],
    ['TIMESTAMP_NS', '2026-11-21 10:00:00', '2026-11-21 10:00:00.000000001'],
    ['TIMESTAMP WITH TIME ZONE', '2026-11-21 10:00:00+00', '2026-11-21 10:00:00.5+00'],
    ['VARCHAR', '10', '9'],
  ])('%s: %s comes before %s, and is read back as it was', async (type, low, high) => {
    await writeParquet(
      't.parquet',
      `SELECT unnest([${quoteText(high)}, ${quoteText(low)}])::${type} AS at, 1 AS v`,
    );
    const first = await take('t.parquet');
    expect(first).toMatchObject({ to: high, rowsAtTo: 1, column: { name: 'at', type } });
    const above = { value: low, type };
    expect(await take('t.parquet', { above })).toMatchObject({ to: high, input: { rows: 1 } });
    expect(await take('t.parquet', { above: { value: high, type } })).toBeNull();
  });

  it('numbers compare with numbers of another type, without rounding the watermark', async () => {
    await writeParquet('t.parquet', 'SELECT unnest([5, 6, 7]) AS "at", "at" AS v');
    const taken = await take('t.parquet', { above: { value: '5.5', type: 'DOUBLE' } });
    expect(await valuesOf(taken)).toEqual([6, 7]);
  });

  it('dates compare with timestamps', async () => {
    await writeParquet('t.parquet', "SELECT unnest([DATE '2026-11-21', DATE '2026-11-22']) AS at, 1 AS v");
    const above = { value: '2026-11-21 12:00:00', type: 'TIMESTAMP' };
    expect(await take('t.parquet', { above })).toMatchObject({ to: '2026-11-22', input: { rows: 1 } });
  });

  it.each([
    ['a number that became text', "SELECT '10' AS at", { value: '9', type: 'BIGINT' }],
    ['text that became a number', 'SELECT 10 AS at', { value: '9', type: 'VARCHAR' }],
    ['a time that became a number', 'SELECT 10 AS at', { value: '2026-11-21', type: 'DATE' }],
  ])('%s is an error that names the watermark', async (_, select, above) => {
    await writeParquet('t.parquet', select);
    await expect(take('t.parquet', { above })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringMatching(
        new RegExp(`the last run ended at ${above.value}, which was ${above.type}.*--full`),
      ),
    });
  });

  it.each(['true', '[1]', "TIME '10:00:00'"])('%s cannot be told old from new by', async (value) => {
    await writeParquet('t.parquet', `SELECT ${value} AS at`);
    await expect(take('t.parquet')).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining('expects numbers, dates, timestamps or text'),
    });
  });

  it('a missing column is an error with a near name; case does not matter', async () => {
    await writeParquet('t.parquet', 'SELECT 1 AS Updated_At, 1 AS v');
    await expect(take('t.parquet', { column: 'updatd_at' })).rejects.toThrow(
      /names the column "updatd_at", which .*t\.parquet does not have \(Updated_At, v\)\. Did you mean "Updated_At"/,
    );
    expect((await take('t.parquet', { column: 'updated_at' }))?.column.name).toBe('Updated_At');
  });
});

describe('rows that cannot be told old from new', () => {
  const ROWS =
    "(VALUES (1.0, 'a'), (NULL, 'b'), ('NaN'::DOUBLE, 'c'), (2.0, 'd'), ('inf'::DOUBLE, 'e'), (NULL, 'f')) t(\"at\", v)";
  beforeEach(() => writeParquet('t.parquet', `FROM ${ROWS}`));

  it('end the run; the first is named', async () => {
    await expect(take('t.parquet')).rejects.toMatchObject({
      code: 'INVALID_ROW',
      message: expect.stringMatching(
        /^Column "at" of .*t\.parquet is null at row 2 \(and 3 more such rows\); input\.incremental needs a value there/,
      ),
      fields: { row: 2, column: 'at', count: 4 },
    });
  });

  it('are set aside as whole rows, and are no watermark', async () => {
    const taken = await take('t.parquet', { setAside: true });
    expect(await valuesOf(taken)).toEqual(['a', 'd']);
    expect(taken).toMatchObject({ to: '2.0', input: { rows: 2, stagingRejects: 4 } });
    const rejects = await parquetRows(database, join(folder, 'rejects/unordered.parquet'));
    const place = { file: join(folder, 't.parquet'), line: null, column: 'at' };
    const says = (held: string) => `${held}; input.incremental cannot tell whether the row is new`;
    expect(rejects).toEqual([
      { ...place, row: '2', value: null, reason: says('is null'), input: { at: null, v: 'b' } },
      { ...place, row: '3', value: 'nan', reason: says('holds nan'), input: { at: 'NaN', v: 'c' } },
      { ...place, row: '5', value: 'inf', reason: says('holds inf'), input: { at: 'Infinity', v: 'e' } },
      { ...place, row: '6', value: null, reason: says('is null'), input: { at: null, v: 'f' } },
    ]);
  });

  it('do not count as passed by a watermark, but minus infinity does in every run', async () => {
    await writeParquet(
      't.parquet',
      `FROM ${ROWS} UNION ALL SELECT '-inf'::DOUBLE, 'g' UNION ALL SELECT 0.5, 'h'`,
    );
    const first = await takeOrPass('t.parquet', { setAside: true });
    expect(first.taken).toMatchObject({ to: '2.0', rowsUpTo: 4 });
    const above = { value: '2.0', type: 'DOUBLE' };
    expect(await takeOrPass('t.parquet', { setAside: true, above })).toEqual({
      taken: null,
      passed: { at: 1, upTo: 4, late: null },
    });
  });

  it('of several files are named by their own file and row', async () => {
    await writeParquet('days-1.parquet', 'SELECT 1 AS at');
    await writeParquet('days-2.parquet', 'SELECT unnest([2, NULL]) AS at');
    await expect(take('days-*.parquet')).rejects.toThrow(/days-2\.parquet is null at row 2;/);
  });

  it('stand beside the lines of a text file that could not be split', async () => {
    await writeFile(join(folder, 't.csv'), 'at,v\n1,a\n,b\n2,c,c\n3,d\n');
    const taken = await take('t.csv', { setAside: true });
    expect(await valuesOf(taken)).toEqual(['a', 'd']);
    expect(taken?.input.stagingRejects).toBe(2);
    expect((await readdir(join(folder, 'rejects'))).sort()).toEqual(['staging.parquet', 'unordered.parquet']);
  });
});

describe('the rest', () => {
  it('a table without rows has nothing new; its lines that are all bad are an error', async () => {
    await writeFile(join(folder, 'header.csv'), 'at,v\n');
    expect(await take('header.csv')).toBeNull();
    await writeParquet('none.parquet', 'SELECT 1 AS at WHERE false');
    expect(await take('none.parquet')).toBeNull();
  });

  it('folders that are columns stay columns', async () => {
    await database.run(
      `COPY (SELECT unnest([1, 2]) AS at, unnest(['n', 's']) AS region) TO ${quoteText(join(folder, 'hive'))} (FORMAT parquet, PARTITION_BY (region))`,
    );
    const taken = await take('hive', { above: { value: '1', type: 'INTEGER' } });
    expect(taken?.input.hiveColumns).toEqual([]);
    expect(await parquetRows(database, join(folder, 'staged/input.parquet'))).toEqual([
      { at: 2, region: 's' },
    ]);
  });

  it('an input that changes while it is copied is not taken', async () => {
    await writeTable('t.parquet');
    const path = join(folder, 't.parquet');
    const source = await fingerprintInput(await findFiles([path]));
    const options = { hivePartitioning: 'auto', csv: {}, json: {} } as const;
    const paths = {
      stagedPath: join(folder, 's/i.parquet'),
      stagingRejectsPath: '',
      unorderedPath: '',
      takenPath: '',
    };
    const old = { ...source, sources: source.sources.map((file) => ({ ...file, modifiedMs: 1 })) };
    await expect(
      takeRows(database, {
        ...{ paths: [path], format: 'parquet', source: old, options, ...paths },
        ...{ setAside: false, needs: NO_NEEDS, column: 'at', above: null, late: null },
      }),
    ).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
    expect(await readdir(join(folder, 's'))).toEqual([]);
  });

  it('DuckDB skips row groups of Parquet by the watermark', async () => {
    await writeParquet(
      't.parquet',
      "SELECT TIMESTAMP '2026-11-21' + INTERVAL (i) SECOND AS at FROM range(20000) r(i)",
      ', ROW_GROUP_SIZE 2048',
    );
    const condition = compareSql('at', '>', { value: '2026-11-21 05:33:00', type: 'TIMESTAMP' });
    const [plan] = await database.rows(
      `EXPLAIN (FORMAT json) SELECT * FROM read_parquet(${quoteText(join(folder, 't.parquet'))}) WHERE ${condition}`,
    );
    // The filter is part of the scan, as a comparison with a constant.
    expect(String(plan?.explain_value)).toMatch(/"Filters": "at>'2026-11-21 05:33:00'::TIMESTAMP"/);
  });
});
