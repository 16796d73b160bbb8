import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompareRequest, compareRuns, differsError } from '../../src/compare/compare-runs.ts';
import type { ComparedRun } from '../../src/compare/compared-run.ts';
import type { Comparison } from '../../src/compare/comparison.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { samplePlan } from '../runs/sample-run.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
});

/** A run whose parts are what the SELECTs give. */
async function runOf(
  database: Database,
  selects: readonly string[],
  { runId = `r${made}`, predictions = ['y'], key = '{k}' as string | null } = {},
): Promise<ComparedRun> {
  const parts: string[] = [];
  let rows = 0;
  for (const select of selects) {
    const path = join(folder, `part-${String(made++).padStart(5, '0')}.parquet`);
    await database.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    const [counted] = await database.rows(`SELECT count(*) AS n FROM '${path}'`);
    rows += Number(counted?.n);
    parts.push(path);
  }
  const base = samplePlan({ runId });
  const [binding] = base.output.predictions;
  if (binding === undefined) throw new Error('The sample has no predictions');
  const plan: Plan = {
    ...base,
    output: { ...base.output, predictions: [{ ...binding, columns: predictions }] },
    kv: key === null || base.kv === null ? null : { ...base.kv, key, field: null },
  };
  return { plan, parts, rows };
}

async function compare(
  before: readonly string[],
  after: readonly string[],
  changes: Partial<CompareRequest> & { readonly predictions?: string[]; readonly key_?: string } = {},
): Promise<Comparison> {
  const database = await openDatabase();
  const { predictions = ['y'], key_ = '{k}', ...request } = changes;
  return compareRuns(database, {
    before: await runOf(database, before, { runId: 'r-before', predictions, key: key_ }),
    after: await runOf(database, after, { runId: 'r-after', predictions, key: key_ }),
    ...{ key: null, by: [], top: 10, limit: { change: 0, most: null } },
    ...request,
  });
}

const values = (...rows: string[]): string[] => [`SELECT * FROM (VALUES ${rows.join(', ')}) t(k, y)`];

describe('comparing runs', () => {
  it('counts keys only here and there, unchanged and changed, and what is no number', async () => {
    const comparison = await compare(
      values(
        `(1, 1.0::DOUBLE), (2, 2), (3, 'NaN'::DOUBLE), (4, NULL), (5, 5), (6, 'inf'::DOUBLE), (7, NULL), (8, 8)`,
      ),
      values(
        `(9, 9.0::DOUBLE), (2, 2.5), (3, 'NaN'::DOUBLE), (4, NULL), (5, 'NaN'::DOUBLE), (6, 'inf'::DOUBLE), (7, 7), (8, 8)`,
      ),
      { limit: { change: 0.1, most: 0.5 } },
    );
    expect(comparison.keys).toEqual({ both: 7, onlyBefore: 1, onlyAfter: 1 });
    expect(comparison.examples).toEqual({ onlyBefore: ['k=1'], onlyAfter: ['k=9'] });
    const [column] = comparison.columns;
    expect(column).toMatchObject({ unchanged: 4, changed: 3, lost: 1, found: 1 });
    expect(column?.numbers).toMatchObject({
      keys: 2,
      bias: 0.25,
      meanAbsolute: 0.25,
      meanBefore: 5,
      meanAfter: 5.25,
    });
    expect(column?.numbers?.relative?.greatest).toBeCloseTo(0.2);
    // Those that are no number on one side first, in the order of their keys.
    expect(column?.biggest.map(({ key }) => key)).toEqual(['k=5', 'k=7', 'k=2']);
    // 1, 9, 2, 5 and 7.
    expect(comparison.limit).toMatchObject({ beyond: 5, share: 5 / 9, isMet: false });
    expect(differsError(comparison)).toMatchObject({
      code: 'RUNS_DIFFER',
      exitCode: 5,
      message: expect.stringMatching(/^5 of 9 keys \(55\.555%\) changed by more than 10%.*at most 50%\.$/),
    });
  });

  it('has the figures of an independent count', async () => {
    const before =
      'SELECT range AS k, (range * 7919 % 1000)::FLOAT AS y, range % 3 AS store FROM range(5000)';
    const after =
      'SELECT range AS k, ((range * 7919 % 1000) + (range * 31 % 13) - 6)::FLOAT AS y, range % 3 AS store FROM range(4000)';
    const comparison = await compare([before], [`${after} WHERE k < 1500`, `${after} WHERE k >= 1500`], {
      by: ['store'],
      limit: { change: 0.01, most: 0.5 },
    });
    const rows = Array.from({ length: 4000 }, (_, k) => {
      const a = (k * 7919) % 1000;
      const b = a + ((k * 31) % 13) - 6;
      return { k, a, b, d: b - a, store: k % 3 };
    });
    const mean = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0) / all.length;
    const isBeyond = ({ a, b }: { a: number; b: number }) =>
      Math.abs(b - a) > 0.01 * Math.max(Math.abs(a), Math.abs(b));
    const numbers = comparison.columns[0]?.numbers;
    expect(numbers?.bias).toBeCloseTo(mean(rows.map(({ d }) => d)), 9);
    expect(numbers?.meanAbsolute).toBeCloseTo(mean(rows.map(({ d }) => Math.abs(d))), 9);
    expect(numbers?.rootMeanSquare).toBeCloseTo(Math.sqrt(mean(rows.map(({ d }) => d * d))), 9);
    expect(numbers?.difference).toMatchObject({ least: -6, greatest: 6, at: [-6, -6, -3, 0, 3, 6, 6] });
    const [ma, mb] = [mean(rows.map(({ a }) => a)), mean(rows.map(({ b }) => b))];
    const covariance = mean(rows.map(({ a, b }) => (a - ma) * (b - mb)));
    const deviation = (all: readonly number[], at: number) =>
      Math.sqrt(mean(all.map((each) => (each - at) ** 2)));
    const correlation =
      covariance /
      deviation(
        rows.map(({ a }) => a),
        ma,
      ) /
      deviation(
        rows.map(({ b }) => b),
        mb,
      );
    expect(numbers?.correlation).toBeCloseTo(correlation, 9);
    expect(numbers?.histogram.reduce((sum, { keys }) => sum + keys, 0)).toBe(
      rows.filter(({ d }) => d !== 0).length,
    );
    const beyond = rows.filter(isBeyond).length;
    expect(comparison.limit.beyond).toBe(beyond + 1000);
    const segments = comparison.columns[0]?.segments ?? [];
    expect(segments.map(({ value }) => value).sort()).toEqual(['0', '1', '2']);
    for (const segment of segments) {
      const own = rows.filter(({ store }) => String(store) === segment.value);
      expect(segment).toMatchObject({ keys: own.length, beyond: own.filter(isBeyond).length });
      expect(segment.bias).toBeCloseTo(mean(own.map(({ d }) => d)), 9);
    }
  });

  it('of keys that are there twice, the last row counts, as in the store', async () => {
    const comparison = await compare(
      [...values('(1, 1.0::DOUBLE), (2, 2), (1, 5)'), ...values('(2, 3.0::DOUBLE)')],
      values('(1, 5.0::DOUBLE), (2, 3)'),
    );
    expect(comparison.keys).toEqual({ both: 2, onlyBefore: 0, onlyAfter: 0 });
    expect(comparison.columns[0]).toMatchObject({ changed: 0 });
    expect(comparison.before.duplicates).toBe(2);
    expect(comparison.notes).toEqual([expect.stringContaining('2 rows with the key of a later row')]);
  });

  it('joins keys that are null, and ones of other types', async () => {
    const nulls = await compare(
      values('(NULL::INTEGER, 1.0::DOUBLE), (1, 1)'),
      values('(NULL::BIGINT, 2.0::DOUBLE), (1, 1)'),
    );
    expect(nulls.keys.both).toBe(2);
    expect(nulls.columns[0]?.biggest).toMatchObject([{ key: 'k=NULL', difference: 1 }]);
    expect(nulls.notes).toEqual([]);
    const dates = await compare(
      values("(DATE '2026-11-21', 1.0::DOUBLE)"),
      values("('2026-11-21', 1.0::DOUBLE)"),
    );
    expect(dates.keys.both).toBe(1);
    expect(dates.notes).toEqual(['The column k is DATE in run r-before and VARCHAR in run r-after.']);
  });

  it('of several outputs, numbers, texts and lists are each compared as what they are', async () => {
    const columns = 't(k, y, label, scores)';
    const comparison = await compare(
      [
        `SELECT * FROM (VALUES (1, 1.0::DOUBLE, 'a', [0.1, 0.9]), (2, 2, 'b', [0.5, 0.5]), (3, 3, NULL, NULL)) ${columns}`,
      ],
      [
        `SELECT * FROM (VALUES (1, 1.0::DOUBLE, 'b', [0.4, 0.6]), (2, 2, 'b', [0.5, 0.5]), (3, 3, NULL, NULL)) ${columns}`,
      ],
      { predictions: ['y', 'label', 'scores'], limit: { change: 0.5, most: 0 } },
    );
    expect(comparison.columns).toMatchObject([
      { name: 'y', kind: 'number', changed: 0 },
      {
        name: 'label',
        kind: 'other',
        changed: 1,
        numbers: null,
        biggest: [{ before: 'a', after: 'b', difference: null }],
      },
      { name: 'scores', kind: 'list', changed: 1, numbers: { bias: null, relative: null } },
    ]);
    expect(comparison.columns[2]?.numbers?.difference.greatest).toBeCloseTo(0.3);
    expect(comparison.limit.beyond).toBe(1);
  });

  it('says which columns only one of the runs has', async () => {
    const database = await openDatabase();
    const before = await runOf(database, ['SELECT 1 AS k, 1.0 AS y, 2.0 AS old'], {
      predictions: ['y', 'old'],
    });
    const after = await runOf(database, ['SELECT 1 AS k, 1.0 AS y, 2.0 AS new'], {
      predictions: ['new', 'y'],
    });
    const request = { before, after, key: null, by: [], top: 1, limit: { change: 0, most: null } };
    expect(await compareRuns(database, request)).toMatchObject({ onlyBefore: ['old'], onlyAfter: ['new'] });
  });

  it.each<[what: string, changes: Partial<CompareRequest>, message: string]>([
    ['a segment', { by: ['region'] }, 'have no column "region" (--by); they have k, y'],
    ['a key', { key: ['store'] }, 'have no column "store" (--key)'],
  ])('refuses %s that the parts do not have', async (_, changes, message) => {
    await expect(compare(values('(1, 1.0)'), values('(1, 1.0)'), changes)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    });
  });

  it('refuses runs without a key, and runs that predict other things', async () => {
    const database = await openDatabase();
    const keyless = await runOf(database, ['SELECT 1 AS k, 1.0 AS y'], { key: null });
    const other = await runOf(database, ['SELECT 1 AS k, 1.0 AS z'], { predictions: ['z'] });
    const keyed = await runOf(database, ['SELECT 1 AS k, 1.0 AS y']);
    const request = { key: null, by: [], top: 1, limit: { change: 0, most: null } };
    await expect(compareRuns(database, { ...request, before: keyless, after: keyed })).rejects.toMatchObject({
      message: expect.stringContaining('has no key, run'),
    });
    await expect(compareRuns(database, { ...request, before: keyed, after: other })).rejects.toMatchObject({
      message: expect.stringContaining('no prediction column in common'),
    });
  });
});
