import { quoteFiles } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { niceStep } from '../chart/scale.ts';
import type { PredictionColumn } from './prediction-columns.ts';
import { type ColumnStats, valueSql } from './prediction-stats.ts';

/** Bins of one width, in which the values of several runs are counted. */
export interface BinPlan {
  readonly from: number;
  readonly width: number;
  readonly count: number;
  /** Whether values lie outside: they are counted in the first and the last bin. */
  readonly isCut: boolean;
}

const ABOUT_BINS = 40;
/** Beyond so many times the width that nearly all values take, the rest would leave one bar and a wide nothing. */
const FAR = 4;

/**
 * Chooses bins with round borders for all series. Null where they have no value, or only one and the
 * same. Pure.
 */
export function planBins(stats: readonly ColumnStats[], isWhole: boolean): BinPlan | null {
  const low = Math.min(...stats.flatMap(({ min }) => min ?? []));
  const high = Math.max(...stats.flatMap(({ max }) => max ?? []));
  if (!(high > low) || !Number.isFinite(high - low)) return null;
  const tails = stats.flatMap((each) => (each.tails === null ? [] : [each.tails]));
  const usualLow = Math.min(...tails.map(([tail]) => tail));
  const usualHigh = Math.max(...tails.map(([, tail]) => tail));
  const isCut = usualHigh > usualLow && high - low > FAR * (usualHigh - usualLow);
  const [from, to] = isCut ? [usualLow, usualHigh] : [low, high];
  const step = niceStep(from, to, ABOUT_BINS);
  const width = isWhole ? Math.max(1, Math.ceil(step)) : step;
  // A bar of whole numbers stands over its number.
  const begin = isWhole && width === 1 ? Math.round(from) - 0.5 : Math.floor(from / width) * width;
  const count = Math.max(1, Math.ceil((to - begin) / width - 1e-9));
  return { from: begin, width, count, isCut };
}

/**
 * Counts the values of several series in one pass over the parts. A series without bins gets none.
 * Throws DuckDB's errors.
 */
export async function countInBins(
  database: Database,
  files: readonly string[],
  series: readonly { readonly column: PredictionColumn; readonly bins: BinPlan | null }[],
): Promise<readonly (readonly number[])[]> {
  const wanted = series.flatMap(({ column, bins }, index) =>
    bins === null ? [] : [`histogram(${binSql(valueSql(column), bins)}) AS h${index}`],
  );
  if (wanted.length === 0) return series.map(() => []);
  const [row = {}] = await database.rows(
    `SELECT ${wanted.join(', ')} FROM read_parquet(${quoteFiles(files)})`,
  );
  return series.map(({ bins }, index) => {
    const counts = new Array<number>(bins?.count ?? 0).fill(0);
    for (const entry of entriesOf(row[`h${index}`])) counts[Number(entry.key)] = Number(entry.value);
    return counts;
  });
}

/**
 * Null for a value that is none: asked for by itself, since least and greatest leave nulls aside. Limited
 * before it is made an integer: a far value would not fit.
 */
function binSql(value: string, { from, width, count }: BinPlan): string {
  const bin = `floor((${value} - ${doubleSql(from)}) / ${doubleSql(width)})`;
  return `CASE WHEN ${value} IS NOT NULL THEN CAST(least(${count - 1}, greatest(0, ${bin})) AS INTEGER) END`;
}

function doubleSql(value: number): string {
  return `CAST('${value}' AS DOUBLE)`;
}

/** A MAP of DuckDB as JSON; null where there was nothing to count. */
function entriesOf(map: unknown): readonly { readonly key: unknown; readonly value: unknown }[] {
  return Array.isArray(map) ? map : [];
}
