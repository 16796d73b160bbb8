import { quoteFiles, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { PredictionColumn } from './prediction-columns.ts';

/** One series of predictions in figures. Those of values are null for text, and where there are none. */
export interface ColumnStats {
  readonly rows: number;
  readonly nulls: number;
  /** Values that are no finite number: NaN and the infinities. */
  readonly notFinite: number;
  readonly min: number | null;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  /** Whether `p50`, `p99` and `tails` are exact: those of many rows are near. */
  readonly isExact: boolean;
  /** What one in a thousand values is below, and above. */
  readonly tails: readonly [low: number, high: number] | null;
  /** Of text, the values that are found most, and about how many different ones there are. */
  readonly topTexts: readonly string[];
  readonly distinctTexts: number;
}

const TOP_TEXTS = 10;
/** Longer ones are told apart, and shown, by their beginning. */
const TEXT_CHARACTERS = 80;

/** Exact quantiles hold all values in memory, at 8 bytes: 40 MB of them are little. */
const EXACT_VALUES = 5_000_000;

/**
 * Figures of several series of a run of `rows` predictions, in one pass over the parts, in memory that
 * does not grow with the rows: the quantiles of many are those of a t-digest. Throws DuckDB's errors.
 */
export async function readColumnStats(
  database: Database,
  { files, rows }: { readonly files: readonly string[]; readonly rows: number },
  columns: readonly PredictionColumn[],
): Promise<readonly ColumnStats[]> {
  const isExact = rows * columns.length <= EXACT_VALUES;
  const [row] = await database.rows(
    `SELECT count(*) AS total, ${columns.map((column, index) => aggregates(column, index, isExact)).join(', ')}
     FROM (SELECT ${columns.map((column, index) => `${column.sql} AS c${index}, ${valueSql(column)} AS v${index}`).join(', ')} FROM read_parquet(${quoteFiles(files)}))`,
  );
  return columns.map((_, index) => statsOf(row ?? {}, index, isExact));
}

function aggregates({ kind }: PredictionColumn, index: number, isExact: boolean): string {
  const quantile = isExact ? 'quantile_cont' : 'approx_quantile';
  const present = `count(c${index}) AS present${index}, count(v${index}) AS usable${index}`;
  if (kind === 'text')
    return `${present}, approx_top_k(v${index}, ${TOP_TEXTS}) AS top${index}, approx_count_distinct(v${index}) AS distinct${index}`;
  return `${present}, min(v${index}) AS min${index}, max(v${index}) AS max${index}, avg(v${index}) AS mean${index}, ${quantile}(v${index}, [0.001, 0.5, 0.99, 0.999]) AS quantiles${index}`;
}

/** The value as it is counted: a finite number, or the beginning of a text; null otherwise. */
export function valueSql({ sql, kind }: PredictionColumn): string {
  if (kind === 'text') return `left(CAST(${sql} AS VARCHAR), ${TEXT_CHARACTERS})`;
  if (kind === 'whole number') return `CAST(${sql} AS DOUBLE)`;
  return `CASE WHEN isfinite(${sql}) THEN CAST(${sql} AS DOUBLE) END`;
}

function statsOf(row: Readonly<Record<string, unknown>>, index: number, isExact: boolean): ColumnStats {
  const present = Number(row[`present${index}`] ?? 0);
  const rows = Number(row.total ?? 0);
  const quantiles = listOf(row[`quantiles${index}`]).map(Number);
  const [low, p50, p99, high] = quantiles;
  return {
    rows,
    nulls: rows - present,
    notFinite: present - Number(row[`usable${index}`] ?? 0),
    min: numberOf(row[`min${index}`]),
    mean: numberOf(row[`mean${index}`]),
    p50: numberOf(p50),
    p99: numberOf(p99),
    max: numberOf(row[`max${index}`]),
    isExact,
    tails: low === undefined || high === undefined ? null : [low, high],
    topTexts: listOf(row[`top${index}`]).map(String),
    distinctTexts: Number(row[`distinct${index}`] ?? 0),
  };
}

/** How often texts occur in a series, exactly. */
export async function countTexts(
  database: Database,
  files: readonly string[],
  column: PredictionColumn,
  texts: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (texts.length === 0) return new Map();
  const rows = await database.rows(
    `SELECT v, count(*) AS n FROM (SELECT ${valueSql(column)} AS v FROM read_parquet(${quoteFiles(files)}))
     WHERE v IN (${texts.map(quoteText).join(', ')}) GROUP BY v`,
  );
  return new Map(rows.map(({ v, n }) => [String(v), Number(n)]));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
