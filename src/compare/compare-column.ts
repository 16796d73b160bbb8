import { quoteText } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import type { ChosenColumns, CommonColumn } from './choose-columns.ts';
import {
  type ColumnComparison,
  type DifferenceBin,
  type KeyDifference,
  type NumberComparison,
  QUANTILES,
  type Quantiles,
  type SegmentComparison,
} from './comparison.ts';
import { JOINED } from './join-runs.ts';

/** Quantiles of more keys are estimated: exact ones hold all differences in memory. */
const MOST_EXACT = 5_000_000;
const BINS = 40;
/** Segments of one column that are told. */
const MOST_SEGMENTS = 1_000;

export interface CompareOptions {
  /** A larger change is beyond the limit. */
  readonly change: number;
  /** How many of the biggest differences are told. */
  readonly top: number;
}

/** The keys with the differences of one column: `d`, its size `m`, its share of the larger value `r`. */
function differencesSql(index: number, { kind }: CommonColumn): string {
  const [a, b] = [`a${index}`, `b${index}`];
  const finite = (name: string): string =>
    `CASE WHEN isfinite(CAST(${name} AS DOUBLE)) THEN CAST(${name} AS DOUBLE) END`;
  const numbers = {
    number: `${finite(a)} AS fa, ${finite(b)} AS fb, fb - fa AS d, abs(d) AS m,
      CASE WHEN fa = fb THEN 0.0 ELSE abs(fb - fa) / greatest(abs(fa), abs(fb)) END AS r`,
    list: `CASE WHEN in_a AND in_b AND len(${a}) = len(${b})
        THEN list_max([abs(x[1] - x[2]) FOR x IN list_zip(${a}, ${b})]) END AS distance,
      CASE WHEN isfinite(distance) THEN distance END AS d, d AS m,
      NULL::DOUBLE AS fa, NULL::DOUBLE AS fb, NULL::DOUBLE AS r`,
    other: 'NULL::DOUBLE AS fa, NULL::DOUBLE AS fb, NULL::DOUBLE AS d, NULL::DOUBLE AS m, NULL::DOUBLE AS r',
  }[kind];
  return `SELECT *, in_a AND in_b AS in_both, in_both AND ${a} IS DISTINCT FROM ${b} AS differs, ${numbers} FROM ${JOINED}`;
}

/** SQL of whether a key that both runs have changed by more than is allowed. What is no number on one side did. */
export function beyondSql(index: number, column: CommonColumn, change: number): string {
  const [a, b] = [`a${index}`, `b${index}`];
  const differs = `${a} IS DISTINCT FROM ${b}`;
  if (column.kind !== 'number') return differs;
  const [x, y] = [`CAST(${a} AS DOUBLE)`, `CAST(${b} AS DOUBLE)`];
  const isSmall = `isfinite(${x}) AND isfinite(${y}) AND abs(${y} - ${x}) <= ${change} * greatest(abs(${x}), abs(${y}))`;
  return `(${differs} AND NOT coalesce(${isSmall}, false))`;
}

/** Compares one column of the joined table. */
export async function compareColumn(
  database: Database,
  index: number,
  chosen: ChosenColumns,
  options: CompareOptions,
): Promise<ColumnComparison> {
  const column = chosen.values[index];
  if (column === undefined) throw new RangeError(`There is no column ${index}`);
  const from = `(${differencesSql(index, column)})`;
  const [row = {}] = await database.rows(
    `SELECT count(*) FILTER (in_both) AS keys, count(*) FILTER (differs) AS changed,
       count(*) FILTER (differs AND fa IS NOT NULL AND fb IS NULL) AS lost,
       count(*) FILTER (differs AND fa IS NULL AND fb IS NOT NULL) AS found,
       count(d) AS numbers FROM ${from}`,
  );
  const changed = Number(row.changed);
  return {
    ...{ name: column.name, kind: column.kind, changed, unchanged: Number(row.keys) - changed },
    ...{ lost: Number(row.lost), found: Number(row.found) },
    numbers: Number(row.numbers) === 0 ? null : await numbersOf(database, from, column, Number(row.numbers)),
    segments: await segmentsOf(database, from, index, column, chosen, options),
    biggest: await biggestOf(database, from, index, chosen.key, options.top),
  };
}

async function numbersOf(
  database: Database,
  from: string,
  { kind }: CommonColumn,
  keys: number,
): Promise<NumberComparison> {
  const isEstimate = keys > MOST_EXACT;
  const quantiles = (name: string): string =>
    `${isEstimate ? 'approx_quantile' : 'quantile_cont'}(${name}, [${QUANTILES.join(', ')}]) AS q_${name}, min(${name}) AS least_${name}, max(${name}) AS most_${name}`;
  const [row = {}] = await database.rows(
    `SELECT avg(fa) FILTER (d IS NOT NULL) AS mean_a, avg(fb) FILTER (d IS NOT NULL) AS mean_b, avg(d) AS bias,
       avg(m) AS mean_m, sqrt(avg(d * d)) AS rms, corr(fb, fa) AS correlation, ${['d', 'm', 'r'].map(quantiles).join(', ')}
     FROM ${from} WHERE d IS NOT NULL`,
  );
  const isList = kind === 'list';
  return {
    keys,
    meanBefore: number(row.mean_a),
    meanAfter: number(row.mean_b),
    bias: isList ? null : number(row.bias),
    meanAbsolute: number(row.mean_m) ?? 0,
    rootMeanSquare: number(row.rms) ?? 0,
    correlation: number(row.correlation),
    difference: quantilesOf(row, 'd'),
    absolute: quantilesOf(row, 'm'),
    relative: isList ? null : quantilesOf(row, 'r'),
    isEstimate,
    histogram: await histogramOf(database, from, quantiles('d')),
  };
}

/**
 * Of the differences that are not 0, between their 1% and 99% quantiles; what lies outside is in the first and the last
 * bin.
 */
async function histogramOf(
  database: Database,
  from: string,
  quantiles: string,
): Promise<readonly DifferenceBin[]> {
  const changed = `${from} WHERE d <> 0`;
  const [row = {}] = await database.rows(`SELECT ${quantiles} FROM ${changed}`);
  const { least, at, greatest } = quantilesOf(row, 'd');
  const [low, high] = [at[0] ?? least, at[at.length - 1] ?? greatest];
  const [start, end] = high > low ? [low, high] : [least, greatest];
  const width = (end - start) / BINS;
  if (!(width > 0) || !Number.isFinite(width)) return [];
  const rows = await database.rows(
    `SELECT CAST(least(${BINS - 1}, greatest(0, floor((d - ${double(start)}) / ${double(width)}))) AS INTEGER) AS bin, count(*) AS keys
     FROM ${changed} GROUP BY bin`,
  );
  const counts = new Map(rows.map(({ bin, keys }) => [Number(bin), Number(keys)]));
  return Array.from({ length: BINS }, (_, bin) => ({
    from: start + bin * width,
    to: start + (bin + 1) * width,
    keys: counts.get(bin) ?? 0,
  }));
}

async function segmentsOf(
  database: Database,
  from: string,
  index: number,
  column: CommonColumn,
  { by }: ChosenColumns,
  { change }: CompareOptions,
): Promise<readonly SegmentComparison[]> {
  const all: SegmentComparison[] = [];
  for (const [place, segment] of by.entries()) {
    const rows = await database.rows(
      `SELECT s${place} AS value, count(*) FILTER (in_both) AS keys,
         count(*) FILTER (in_a AND NOT in_b) AS only_a, count(*) FILTER (in_b AND NOT in_a) AS only_b,
         count(*) FILTER (differs) AS changed, count(*) FILTER (in_both AND ${beyondSql(index, column, change)}) AS beyond,
         avg(fa) FILTER (d IS NOT NULL) AS mean_a, avg(fb) FILTER (d IS NOT NULL) AS mean_b, avg(d) AS bias, avg(m) AS mean_m
       FROM ${from} GROUP BY value
       ORDER BY (beyond + only_a + only_b) / count(*) DESC, mean_m DESC NULLS LAST, value LIMIT ${MOST_SEGMENTS}`,
    );
    for (const row of rows) all.push(segmentOf(segment.name, column, row));
  }
  return all;
}

function segmentOf(column: string, { kind }: CommonColumn, row: Record<string, unknown>): SegmentComparison {
  return {
    ...{ column, value: row.value === null ? null : String(row.value), keys: Number(row.keys) },
    ...{ onlyBefore: Number(row.only_a), onlyAfter: Number(row.only_b) },
    ...{ changed: Number(row.changed), beyond: Number(row.beyond) },
    ...{ meanBefore: number(row.mean_a), meanAfter: number(row.mean_b) },
    ...{ bias: kind === 'list' ? null : number(row.bias), meanAbsolute: number(row.mean_m) },
  };
}

/** Those that lost or got their number come first; of one size, the order is that of the keys. */
async function biggestOf(
  database: Database,
  from: string,
  index: number,
  key: readonly CommonColumn[],
  top: number,
): Promise<readonly KeyDifference[]> {
  const places = key.map((_, place) => `k${place}`).join(', ');
  const rows = await database.rows(
    `SELECT ${keyTextSql(key)} AS key, CAST(a${index} AS VARCHAR) AS before, CAST(b${index} AS VARCHAR) AS after, d
     FROM ${from} WHERE differs ORDER BY m DESC NULLS FIRST, ${places} LIMIT ${top}`,
  );
  const text = (value: unknown): string | null => (value === null ? null : String(value));
  return rows.map(({ key: name, before, after, d }) => ({
    ...{ key: String(name), before: text(before), after: text(after), difference: number(d) },
  }));
}

/** `store=1 product=2`. */
export function keyTextSql(key: readonly CommonColumn[]): string {
  return key
    .map(({ name }, place) => `${quoteText(`${name}=`)} || coalesce(CAST(k${place} AS VARCHAR), 'NULL')`)
    .join(` || ' ' || `);
}

function quantilesOf(row: Record<string, unknown>, name: string): Quantiles {
  const at = row[`q_${name}`];
  return {
    least: number(row[`least_${name}`]) ?? 0,
    at: Array.isArray(at) ? at.map((each) => number(each) ?? 0) : [],
    greatest: number(row[`most_${name}`]) ?? 0,
  };
}

function number(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

function double(value: number): string {
  return `CAST('${value}' AS DOUBLE)`;
}
