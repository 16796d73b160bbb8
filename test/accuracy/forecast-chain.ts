import { join } from 'node:path';
import { type Calibration, calibrate, type EarlierRun } from '../../src/accuracy/calibrate.ts';
import type { ActualsSpec, IntervalsPlan, IntervalsSpec } from '../../src/core/accuracy.ts';
import type { Plan } from '../../src/core/plan.ts';
import { quoteFile, quoteText } from '../../src/core/text/sql.ts';
import { withIntervals } from '../../src/shard/part/with-intervals.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { findFiles } from '../../src/source/files/find-files.ts';
import { samplePlan } from '../runs/sample-run.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';

/**
 * Weekly runs over what came true, whose forecasts are made by SQL: for trying intervals week by week. A row has
 * `store`, `product`, `date`, the prediction `p` and what came true, `y`.
 */
export class ForecastChain {
  readonly #database: Database;
  readonly #folder: string;
  readonly #firstDay: string;
  /** Newest first. */
  #runs: EarlierRun[] = [];

  private constructor(database: Database, folder: string, firstDay: string) {
    this.#database = database;
    this.#folder = folder;
    this.#firstDay = firstDay;
  }

  /** @param rows a SELECT of all rows of all weeks; the first week begins on `firstDay` */
  static async of(rows: string, firstDay: string): Promise<ForecastChain> {
    const database = await openDatabase();
    await database.run(`CREATE TABLE forecasts AS ${rows}`);
    return new ForecastChain(database, await temporaryFolder(), firstDay);
  }

  originOf(week: number): string {
    const day = new Date(Date.parse(this.#firstDay) + week * 7 * 86_400_000);
    return `${day.toISOString().slice(0, 10)}T00:00:00`;
  }

  /** Adds the run of a week, published and with its actuals to come. */
  async publish(week: number): Promise<void> {
    const part = join(this.#folder, `part-${week}.parquet`);
    await this.#database.run(
      `COPY (SELECT store, product, date, p::FLOAT AS sales FROM (${this.#week(week)})) TO ${quoteText(part)} (FORMAT parquet)`,
    );
    const run = { plan: planOf(week), folder: this.#folder, parts: [part], origin: this.originOf(week) };
    this.#runs = [run, ...this.#runs];
  }

  /** The bounds that a run of this week gets; `until`: actuals from this week on are not in the table. */
  async calibrate(
    week: number,
    changes: Partial<IntervalsSpec> = {},
    { until = week, twice = false }: { readonly until?: number; readonly twice?: boolean } = {},
  ): Promise<Calibration> {
    const path = join(this.#folder, 'came.parquet');
    const known = `SELECT store, product, date, y AS sold FROM forecasts WHERE date < DATE ${quoteText(this.originOf(until).slice(0, 10))}`;
    const select = twice ? `${known} UNION ALL ${known}` : known;
    await this.#database.run(`COPY (${select}) TO ${quoteText(path)} (FORMAT parquet)`);
    const spec: ActualsSpec = {
      source: { kind: 'table', path },
      ...{ column: 'sold', prediction: null, key: null, date: null, by: null, quantiles: [], delayDays: 0 },
    };
    return calibrate(await openDatabase(), {
      spec,
      intervals: { ...{ levels: [0.9], by: [], runs: 8, least: 100, min: null }, ...changes },
      tables: [{ name: 'actuals', paths: [path], sources: await findFiles([path]) }],
      ...{ externalAccess: false, runs: this.#runs, origin: this.originOf(week) },
    });
  }

  /** The rows of a week with the bounds that a part would have: `sales`, `low`, `high`, `y`. */
  async withBounds(
    week: number,
    { groups, runs, why }: Calibration,
    by: readonly string[] = [],
  ): Promise<string> {
    const intervals: IntervalsPlan = {
      columns: [{ level: 0.9, lower: 'low', upper: 'high' }],
      ...{ prediction: 'sales', date: 'date', origin: this.originOf(week).slice(0, 10) },
      ...{ by, min: null, groups, runs, why },
    };
    const rows = `SELECT store, product, date, p::FLOAT AS sales, y FROM (${this.#week(week)})`;
    const path = join(this.#folder, 'bounded.parquet');
    const select = withIntervals(rows, { output: planOf(week).output, intervals });
    await this.#database.run(`COPY (${select}) TO ${quoteText(path)} (FORMAT parquet)`);
    return `read_parquet(${quoteFile(path)})`;
  }

  /** How many rows of a week lie inside their bounds, by a column or as a whole. */
  async inside(
    week: number,
    calibration: Calibration,
    by: readonly string[] = [],
  ): Promise<ReadonlyMap<string, { readonly rows: number; readonly inside: number }>> {
    const from = await this.withBounds(week, calibration, by);
    const rows = await this.#database.rows(
      `SELECT store::VARCHAR AS name, count(*) AS rows, count(*) FILTER (y BETWEEN low AND high) AS inside FROM ${from} GROUP BY ALL`,
    );
    return new Map(
      rows.map(({ name, ...counts }) => [
        String(name),
        { rows: Number(counts.rows), inside: Number(counts.inside) },
      ]),
    );
  }

  rows(sql: string): Promise<Record<string, unknown>[]> {
    return this.#database.rows(sql);
  }

  #week(week: number): string {
    const day = (origin: string): string => `DATE ${quoteText(origin.slice(0, 10))}`;
    return `SELECT * FROM forecasts WHERE date >= ${day(this.originOf(week))} AND date < ${day(this.originOf(week + 1))}`;
  }
}

function planOf(week: number): Plan {
  const plan = samplePlan();
  if (plan.kv === null) throw new TypeError('The sample has a store');
  return {
    ...plan,
    runId: `run-${week}`,
    output: {
      ...plan.output,
      keptColumns: [
        { name: 'store', type: 'VARCHAR' },
        { name: 'product', type: 'VARCHAR' },
        { name: 'date', type: 'DATE' },
      ],
      predictions: [{ output: 'y', elementType: 'float32', width: 1, shape: 'scalar', columns: ['sales'] }],
    },
    kv: { ...plan.kv, key: '{store}:{product}', field: '{date}', duplicates: 'error' },
  };
}

/** Counts of several weeks, added up: the share inside, of a store or of all. */
export function shareInside(
  weeks: readonly ReadonlyMap<string, { readonly rows: number; readonly inside: number }>[],
  store?: string,
): number {
  const counts = weeks.flatMap((week) => [...week].filter(([name]) => store === undefined || name === store));
  const sum = (of: 'rows' | 'inside'): number => counts.reduce((total, [, each]) => total + each[of], 0);
  return sum('inside') / sum('rows');
}
