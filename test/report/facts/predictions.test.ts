import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { quoteText } from '../../../src/core/text/sql.ts';
import { planBins } from '../../../src/report/facts/common-bins.ts';
import { predictionColumns } from '../../../src/report/facts/prediction-columns.ts';
import { type PredictionSource, readPredictions } from '../../../src/report/facts/prediction-facts.ts';
import type { ColumnStats } from '../../../src/report/facts/prediction-stats.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

/** A run with one part. */
async function source(
  name: string,
  select: string,
  columns: PredictionSource['columns'],
): Promise<PredictionSource> {
  const file = join(folder, `${name}.parquet`);
  await database.run(`COPY (${select}) TO ${quoteText(file)} (FORMAT parquet)`);
  const [row] = await database.rows(`SELECT count(*) AS n FROM ${quoteText(file)}`);
  return { runId: name, files: [file], rows: Number(row?.n), columns };
}

const NUMBER = [{ name: 'y', sql: 'y', kind: 'number' as const }];
const WHOLE = [{ name: 'y', sql: 'y', kind: 'whole number' as const }];
const TEXT = [{ name: 'y', sql: 'y', kind: 'text' as const }];

describe('the columns of a report', () => {
  it('take labels of classes for categories, also where they are numbers, and name the scores by them', () => {
    const { columns } = predictionColumns([
      { output: 'label', elementType: 'int64', width: 1, shape: 'scalar', columns: ['label'], isLabel: true },
      { output: 'p', elementType: 'float32', width: 2, shape: 'list', columns: ['p'], labels: ['no', 'yes'] },
    ]);
    expect(columns).toEqual([
      { name: 'label', sql: 'CAST("label" AS VARCHAR)', kind: 'text' },
      { name: 'p[no]', sql: '"p"[1]', kind: 'number' },
      { name: 'p[yes]', sql: '"p"[2]', kind: 'number' },
    ]);
  });
});

describe('predictions', () => {
  it('have figures that leave out nulls and what is no finite number', async () => {
    const run = await source(
      'odd',
      "SELECT unnest(['1', '2', '3', '4', NULL, 'NaN', 'Infinity', '-Infinity']::DOUBLE[]) AS y",
      NUMBER,
    );
    const [facts] = await readPredictions(database, run, null);
    expect(facts?.stats).toMatchObject({
      ...{ rows: 8, nulls: 1, notFinite: 3, min: 1, mean: 2.5, p50: 2.5, max: 4 },
    });
    // Four values in four different bins: a null must not fall into the first.
    expect(facts?.shape.kind === 'bins' && facts.shape.counts.filter((count) => count > 0)).toEqual([
      1, 1, 1, 1,
    ]);
  });

  it('of two runs are counted in the same bins', async () => {
    const run = await source('now', 'SELECT CAST(i AS FLOAT) / 10 AS y FROM range(100) t(i)', NUMBER);
    const before = await source('then', 'SELECT CAST(i AS DOUBLE) / 10 + 5 AS y FROM range(50) t(i)', NUMBER);
    const [facts] = await readPredictions(database, run, before);
    if (facts?.shape.kind !== 'bins') throw new Error('no bins');
    const { plan, counts, countsBefore } = facts.shape;
    expect(plan).toMatchObject({ from: 0, isCut: false });
    expect(counts.reduce((a, b) => a + b)).toBe(100);
    expect(countsBefore?.reduce((a, b) => a + b)).toBe(50);
    expect(countsBefore?.slice(0, Math.floor(5 / plan.width)).every((count) => count === 0)).toBe(true);
    expect(facts.statsBefore?.min).toBe(5);
  });

  it('count far values in the first and the last bin', async () => {
    const select =
      'SELECT CASE i WHEN 0 THEN -1e300 WHEN 1 THEN 1e300 ELSE i % 100 END AS y FROM range(10000) t(i)';
    const [facts] = await readPredictions(database, await source('far', select, NUMBER), null);
    if (facts?.shape.kind !== 'bins') throw new Error('no bins');
    expect(facts.shape.plan.isCut).toBe(true);
    expect(facts.shape.counts.length).toBeLessThan(100);
    expect(facts.shape.counts.reduce((a, b) => a + b)).toBe(10_000);
  });

  it('that are whole numbers have a bin each where they are few', async () => {
    const run = await source('whole', 'SELECT CAST(i % 3 AS INTEGER) AS y FROM range(9) t(i)', WHOLE);
    const [facts] = await readPredictions(database, run, null);
    expect(facts?.shape).toMatchObject({ plan: { from: -0.5, width: 1, count: 3 }, counts: [3, 3, 3] });
  });

  it('that are texts have counts, of both runs', async () => {
    const run = await source('texts', "SELECT unnest(['a', 'a', 'b', NULL, 'it''s']) AS y", TEXT);
    const before = await source('texts-before', "SELECT unnest(['b', 'gone']) AS y", TEXT);
    const [facts] = await readPredictions(database, run, before);
    expect(facts?.shape).toEqual({
      kind: 'texts',
      texts: [
        { text: 'a', count: 2, countBefore: 0 },
        { text: 'b', count: 1, countBefore: 1 },
        { text: "it's", count: 1, countBefore: 0 },
        { text: 'gone', count: 0, countBefore: 1 },
      ],
    });
    expect(facts?.stats).toMatchObject({ rows: 5, nulls: 1 });
  });

  it('that are all the same, or none, have no bins', async () => {
    for (const select of ['SELECT 7::FLOAT AS y FROM range(3)', 'SELECT NULL::FLOAT AS y FROM range(3)']) {
      const [facts] = await readPredictions(database, await source('same', select, NUMBER), null);
      expect(facts?.shape).toEqual({ kind: 'constant' });
    }
  });

  it('of another kind, or of another name, are not compared', async () => {
    const run = await source('kind', 'SELECT CAST(i AS FLOAT) AS y FROM range(9) t(i)', NUMBER);
    const text = await source('kind-before', "SELECT 'x' AS y", TEXT);
    const [facts] = await readPredictions(database, run, text);
    expect(facts?.statsBefore).toBeNull();
    expect(facts?.shape).toMatchObject({ kind: 'bins', countsBefore: null });
  });

  it('many of them have quantiles that are near', async () => {
    const run = await source('many', 'SELECT CAST(i AS FLOAT) AS y FROM range(200000) t(i)', NUMBER);
    const [facts] = await readPredictions(database, { ...run, rows: 1e9 }, null);
    expect(facts?.stats.isExact).toBe(false);
    expect(Math.abs((facts?.stats.p50 ?? 0) - 100_000)).toBeLessThan(5000);
  });
});

describe('the series of a run', () => {
  const binding = { output: 'o', elementType: 'float32' as const };

  it('are columns, and the first values of lists', () => {
    const { columns, leftOut } = predictionColumns([
      { ...binding, width: 1, shape: 'scalar', columns: ['a "b"'] },
      { ...binding, width: 2, shape: 'columns', columns: ['p_0', 'p_1'] },
      { ...binding, width: 8, shape: 'list', columns: ['v'] },
      { output: 'l', elementType: 'string', width: 1, shape: 'scalar', columns: ['label'] },
    ]);
    expect(columns.map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
      'a "b": number',
      ...['p_0', 'p_1', 'v[1]', 'v[2]', 'v[3]'].map((name) => `${name}: number`),
      'label: text',
    ]);
    expect(columns[0]?.sql).toBe('"a ""b"""');
    expect(leftOut).toEqual(['The column v is a list of 8 values: the first 3 are shown.']);
  });

  it('are limited', () => {
    const columns = Array.from({ length: 30 }, (_, index) => `p_${index}`);
    const chosen = predictionColumns([{ ...binding, width: 30, shape: 'columns', columns }]);
    expect(chosen.columns).toHaveLength(12);
    expect(chosen.leftOut).toEqual(['18 more columns of predictions are not shown.']);
  });
});

describe('planBins', () => {
  const stats = (min: number, max: number): ColumnStats => ({
    ...{ rows: 10, nulls: 0, notFinite: 0, min, max, mean: min, p50: min, p99: max, isExact: true },
    ...{ tails: [min, max], topTexts: [], distinctTexts: 0 },
  });

  it.each([
    [0.13, 50.3],
    [-1e-9, 1e-9],
    [1e15, 1e15 + 8],
    [-7, 1234567],
  ])('covers all values from %s to %s with about forty bins of round borders', (min, max) => {
    const plan = planBins([stats(min, max)], false);
    if (plan === null) throw new Error('no bins');
    expect(plan.from).toBeLessThanOrEqual(min);
    expect(plan.from + plan.width * plan.count).toBeGreaterThanOrEqual(max * (1 - 1e-12));
    expect(plan.count).toBeGreaterThan(12);
    expect(plan.count).toBeLessThan(45);
  });
});
