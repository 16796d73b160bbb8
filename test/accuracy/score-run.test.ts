import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readAccuracyRecords } from '../../src/accuracy/accuracy-record.ts';
import { fillActuals, findActuals, openActuals } from '../../src/accuracy/actuals-tables.ts';
import { readFigures } from '../../src/accuracy/figures.ts';
import type { ScoreColumns } from '../../src/accuracy/score-columns.ts';
import { type ScoreOutcome, scoreRun } from '../../src/accuracy/score-run.ts';
import type { AccuracyFigures, ActualsSpec } from '../../src/core/accuracy.ts';
import { quoteFile, quoteText } from '../../src/core/text/sql.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';

const INDEPENDENT = fileURLToPath(new URL('independent', import.meta.url));
const COLUMNS: ScoreColumns = {
  series: [
    { name: 'store', type: 'INTEGER' },
    { name: 'product', type: 'VARCHAR' },
  ],
  date: { name: 'date', type: 'DATE' },
  prediction: 'sales',
  by: ['store', 'product'],
  quantiles: [
    { quantile: 0.1, column: 'p10' },
    { quantile: 0.9, column: 'p90' },
  ],
  intervals: [{ level: 0.8, lower: 'p10', upper: 'p90' }],
};

type Change = (row: string, index: number) => readonly string[];

interface Scoring {
  readonly folder: string;
  /** Scores the run once more, by actuals of which each line is replaced by others. */
  score(change?: Change, options?: Partial<ActualsSpec>): Promise<ScoreOutcome>;
}

async function prepare(made: (select: string) => string = (select) => select): Promise<Scoring> {
  const root = await temporaryFolder();
  const part = join(root, 'part.parquet');
  const folder = join(root, 'accuracy');
  const csv = join(INDEPENDENT, 'made.csv');
  const select = `SELECT CAST(store AS INTEGER) AS store, product, date, CAST(sales AS FLOAT) AS sales, p10, p90 FROM read_csv(${quoteText(csv)})`;
  await (await openDatabase()).run(`COPY (${made(select)}) TO ${quoteText(part)} (FORMAT parquet)`);
  const came = (await readFile(join(INDEPENDENT, 'came.csv'), 'utf8')).trimEnd().split('\n');
  return {
    folder,
    async score(change = (row) => [row], options = {}) {
      const { writeFile } = await import('node:fs/promises');
      const path = join(root, 'came.csv');
      const [header = '', ...rows] = came;
      await writeFile(path, `${[header, ...rows.flatMap(change)].join('\n')}\n`);
      const spec: ActualsSpec = {
        source: { kind: 'table', path },
        ...{ column: 'sold', prediction: null, key: null, date: null, by: null, quantiles: [], delayDays: 0 },
        ...options,
      };
      const database = await openDatabase();
      const tables = await findActuals(spec.source);
      await openActuals(database, { spec, tables, externalAccess: false, folders: [root] });
      const actuals = await fillActuals(database, spec, COLUMNS);
      return scoreRun(database, {
        ...{ runId: 'r', folder, parts: [part], mayRepeat: true, columns: COLUMNS, spec, actuals },
        ...{ origin: '2026-11-21T00:00:00', delayDays: spec.delayDays },
        publishedAt: '2026-11-22T06:00:00.000Z',
        publishedLocal: '2026-11-22T06:00:00',
        now: () => new Date('2026-12-01T00:00:00Z'),
      });
    },
  };
}

function recordOf(outcome: ScoreOutcome) {
  if (outcome.kind === 'no actuals') throw new Error('There are actuals');
  return outcome.record;
}

const onDate = (row: string): string => row.split(',')[2] ?? '';

describe('figures', () => {
  type Expected = Record<
    string,
    Omit<AccuracyFigures, 'quantiles' | 'intervals'> & {
      readonly quantiles: readonly object[];
      readonly interval: object;
    }
  >;
  let expected: Expected;
  let found: ReadonlyMap<string, AccuracyFigures>;
  let database: Database;

  beforeAll(async () => {
    expected = JSON.parse(await readFile(join(INDEPENDENT, 'expected.json'), 'utf8')) as Expected;
    const { score, folder } = await prepare();
    const record = recordOf(await score());
    database = await openDatabase();
    const all = await readFigures(
      database,
      `SELECT * FROM read_parquet(${quoteFile(join(folder, record.segments))})`,
    );
    found = new Map(all.map(({ by, segment, figures }) => [`${by} ${segment}`, figures]));
  });

  it('equal those of NumPy and scikit-learn, of the whole and of each segment', () => {
    expect([...found.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [segment, { quantiles, interval, naive, ...figures }] of Object.entries(expected)) {
      const of = found.get(segment);
      expectClose(of, figures, segment);
      expectClose(of?.naive, naive, segment);
      quantiles.forEach((each, index) => {
        expectClose(of?.quantiles[index], each, segment);
      });
      expectClose(of?.intervals[0], interval, segment);
    }
  });

  it('are the same whatever else the table has, under whatever names', async () => {
    const named = (select: string) =>
      `SELECT *, 1 AS t, 2 AS y, 3 AS p, 4 AS mark, 5 AS h, 6 AS place, 7 AS q0 FROM (${select})`;
    const plain = await prepare();
    const other = await prepare(named);
    expect(recordOf(await other.score()).whole).toEqual(recordOf(await plain.score()).whole);
  });

  it('have no share where all actuals are zero, and no scale where nothing ever changed', () => {
    const zero = found.get('product zero');
    expect([zero?.scored, zero?.rmsse, zero?.naive.rmsse]).toEqual([21, null, null]);
    expect(zero?.naive).toMatchObject({ wape: 0, skill: null });
  });
});

/** Sums of doubles differ in their last bits with the order of their addition. */
function expectClose(found: object | undefined, expected: object, segment: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const actual: unknown = found === undefined ? undefined : Reflect.get(found, name);
    if (typeof value !== 'number' || typeof actual !== 'number')
      expect([segment, name, actual]).toEqual([segment, name, value]);
    else
      expect(Math.abs(actual - value), `${segment} ${name}`).toBeLessThanOrEqual(
        1e-9 * Math.max(1, Math.abs(value)),
      );
  }
}

describe('a record of a run', () => {
  it('says which actuals it knew, and how many predictions came after what they predict', async () => {
    const { score } = await prepare();
    const outcome = await score();
    expect(outcome.kind).toBe('scored');
    expect(recordOf(outcome)).toMatchObject({
      ...{ number: 1, scoredAt: '2026-12-01T00:00:00.000Z', actualsUntil: '2026-11-27 00:00:00' },
      ...{ afterwards: 12, unusableActuals: 0 },
      whole: { predictions: 84, scored: 81 },
    });
    expect(recordOf(outcome).horizons.map(({ segment }) => segment)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ]);
    expect(recordOf(outcome).weekdays[0]?.segment).toBe('Monday');
  });

  it('is not made again for the same actuals, also where later ones were added', async () => {
    const { score, folder } = await prepare();
    await score();
    expect((await score()).kind).toBe('unchanged');
    const later = (row: string, index: number) => (index === 0 ? [row, '1,apple,2026-12-24,900'] : [row]);
    expect((await score(later)).kind).toBe('unchanged');
    expect(await readAccuracyRecords(folder)).toHaveLength(1);
  });

  it('stays as it is when actuals are revised: a new one stands beside it', async () => {
    const { score, folder } = await prepare();
    const first = recordOf(await score());
    const revised = await score((row) => [onDate(row) === '2026-11-24' ? row.replace(/[^,]*$/, '77') : row]);
    expect(revised.kind).toBe('scored');
    const records = await readAccuracyRecords(folder);
    expect(records.map(({ number }) => number)).toEqual([1, 2]);
    expect(records[0]).toEqual(first);
    expect(records[1]?.whole.wape).not.toBe(first.whole.wape);
  });

  it('compares with a naive forecast and scales that know nothing of the time after the run', async () => {
    const { score, folder } = await prepare();
    const until = (last: string) => (row: string) => (onDate(row) <= last ? [row] : []);
    const early = recordOf(await score(until('2026-11-22')));
    const all = recordOf(await score());
    expect(early.whole.scored).toBe(24);
    // What was known on the second day is the same figure now that the whole week is known.
    expect(all.horizons[0]).toEqual(early.horizons[0]);
    expect(all.horizons[1]?.figures.naive).toEqual(early.horizons[1]?.figures.naive);
    expect(await readAccuracyRecords(folder)).toHaveLength(2);
  });

  it('counts what a delay says was not known yet as unknown', async () => {
    const { score } = await prepare();
    const now = recordOf(await score());
    const delayed = recordOf(await score(undefined, { delayDays: 3 }));
    expect(delayed.whole.wape).toBe(now.whole.wape);
    expect(delayed.whole.naive.wape).not.toBe(now.whole.naive.wape);
  });

  it('is not made without an actual; rows without a key, a date or a finite value are counted', async () => {
    const { score, folder } = await prepare();
    const before = (row: string) => (onDate(row) < '2026-11-21' ? [row] : []);
    expect(await score(before)).toEqual({ kind: 'no actuals' });
    expect(await readAccuracyRecords(folder)).toEqual([]);
    const gaps = (row: string, index: number) =>
      index === 0 ? [row, ',apple,2026-11-24,3', '1,apple,,3', '1,apple,2026-12-24,'] : [row];
    expect(recordOf(await score(gaps)).unusableActuals).toBe(3);
  });

  it('takes the last of several predictions for one key, as readers do', async () => {
    const once = recordOf(await (await prepare()).score());
    const twice = await prepare(
      (select) => `SELECT * REPLACE (999 AS sales) FROM (${select}) UNION ALL ${select}`,
    );
    expect(recordOf(await twice.score()).whole).toEqual(once.whole);
  });
});

describe('actuals that cannot be used', () => {
  it('of which several share a key are refused by name', async () => {
    const { score } = await prepare();
    const twice = (row: string) => (row.startsWith('2,apple,2026-11-2') ? [row, row] : [row]);
    await expect(score(twice)).rejects.toMatchObject({
      code: 'DUPLICATE_ACTUALS',
      message: expect.stringMatching(/^9 rows .* store=2 product=apple date=2026-11-20/),
    });
  });

  it('that lack a column, or have another type, are refused by name', async () => {
    const { score } = await prepare();
    await expect(score(undefined, { column: 'solt' })).rejects.toThrow('Did you mean "sold"');
    const text = (row: string) => [row.replace(/^\d/, 'one')];
    await expect(score(text)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining("'one'"),
    });
  });
});
