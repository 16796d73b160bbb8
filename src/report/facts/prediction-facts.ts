import type { Database } from '../../source/duckdb/database.ts';
import { type BinPlan, countInBins, planBins } from './common-bins.ts';
import type { PredictionColumn } from './prediction-columns.ts';
import { type ColumnStats, countTexts, readColumnStats } from './prediction-stats.ts';

/** The predictions of a run as files, and which series of them are looked at. */
export interface PredictionSource {
  readonly runId: string;
  readonly files: readonly string[];
  readonly rows: number;
  readonly columns: readonly PredictionColumn[];
}

/** One series of predictions of this run, and of the run it is compared with where that has it. */
export interface ColumnFacts {
  readonly column: PredictionColumn;
  readonly stats: ColumnStats;
  readonly statsBefore: ColumnStats | null;
  readonly shape: Shape;
}

/** How the values are spread. */
export type Shape =
  | {
      readonly kind: 'bins';
      readonly plan: BinPlan;
      readonly counts: readonly number[];
      readonly countsBefore: readonly number[] | null;
    }
  | { readonly kind: 'texts'; readonly texts: readonly TextCount[] }
  /** No value, or one and the same in all rows. */
  | { readonly kind: 'constant' };

export interface TextCount {
  readonly text: string;
  readonly count: number;
  readonly countBefore: number | null;
}

/**
 * Reads the series of a run, and the same ones of the run before: two passes over the parts of each, one
 * more for each column of text. Throws DuckDB's errors.
 */
export async function readPredictions(
  database: Database,
  current: PredictionSource,
  before: PredictionSource | null,
): Promise<readonly ColumnFacts[]> {
  const shared = before === null ? [] : sharedColumns(current, before);
  const stats = await readColumnStats(database, current, current.columns);
  const statsOfShared =
    before === null || shared.length === 0 ? [] : await readColumnStats(database, before, shared);
  const series = current.columns.map((column, index) => {
    const own = stats[index] ?? NO_STATS;
    const statsBefore = statsOfShared[shared.findIndex(({ name }) => name === column.name)] ?? null;
    const both = statsBefore === null ? [own] : [own, statsBefore];
    const bins = column.kind === 'text' ? null : planBins(both, column.kind === 'whole number');
    return { column, stats: own, statsBefore, bins };
  });
  const counts = await countInBins(database, current.files, series);
  const compared = series.map((each) => (each.statsBefore === null ? { ...each, bins: null } : each));
  const countsBefore = before === null ? [] : await countInBins(database, before.files, compared);
  const facts: ColumnFacts[] = [];
  for (const [index, { column, stats: own, statsBefore, bins }] of series.entries()) {
    const other = before === null || statsBefore === null ? null : { before, statsBefore };
    const shape: Shape =
      column.kind === 'text'
        ? await textShape(database, current, column, own, other)
        : bins === null
          ? { kind: 'constant' }
          : {
              kind: 'bins',
              plan: bins,
              counts: counts[index] ?? [],
              countsBefore: other === null ? null : (countsBefore[index] ?? []),
            };
    facts.push({ column, stats: own, statsBefore, shape });
  }
  return facts;
}

/** Series of this run that the other one has too, with values of the same kind. */
function sharedColumns(current: PredictionSource, before: PredictionSource): PredictionColumn[] {
  const isText = ({ kind }: PredictionColumn): boolean => kind === 'text';
  return before.columns.filter((each) =>
    current.columns.some(({ name, kind }) => name === each.name && (kind === 'text') === isText(each)),
  );
}

async function textShape(
  database: Database,
  current: PredictionSource,
  column: PredictionColumn,
  stats: ColumnStats,
  other: { readonly before: PredictionSource; readonly statsBefore: ColumnStats } | null,
): Promise<Shape> {
  const texts = [...new Set([...stats.topTexts, ...(other?.statsBefore.topTexts ?? [])])];
  const counts = await countTexts(database, current.files, column, texts);
  const before = other === null ? null : await countTexts(database, other.before.files, column, texts);
  const found = texts.map((text) => ({
    text,
    count: counts.get(text) ?? 0,
    countBefore: before === null ? null : (before.get(text) ?? 0),
  }));
  const order = (a: TextCount, b: TextCount): number =>
    b.count - a.count || (b.countBefore ?? 0) - (a.countBefore ?? 0) || (a.text < b.text ? -1 : 1);
  return { kind: 'texts', texts: found.sort(order).slice(0, TEXTS_SHOWN) };
}

const TEXTS_SHOWN = 12;

const NO_STATS: ColumnStats = {
  rows: 0,
  nulls: 0,
  notFinite: 0,
  min: null,
  mean: null,
  p50: null,
  p99: null,
  max: null,
  isExact: true,
  tails: null,
  topTexts: [],
  distinctTexts: 0,
};
