import type {
  AccuracyFigures,
  IntervalFigures,
  NaiveFigures,
  QuantileFigures,
  SegmentFigures,
} from '../core/accuracy.ts';
import { quoteText } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import type { ScoreColumns } from './score-columns.ts';
import { SCORED } from './scored-rows.ts';

type Compared = Pick<ScoreColumns, 'quantiles' | 'intervals'>;

/** The whole run. */
export const WHOLE = 'whole';

/**
 * SQL of the figures of some segments of {@link SCORED}, with the columns of the view `accuracy`. With e = p - y:
 *
 * - WAPE: sum |e| / sum |y|; MAE: mean |e|; bias: mean e (Hyndman and Koehler, 2006; Kolassa and Schuetz, 2007).
 * - RMSSE: the root of the mean of e^2 / scale; the scale of a series is the mean square of its steps before the
 *   run, after its first actual that is not zero (Makridakis et al., The M5 competition, 2022). Of several series, the
 *   mean is taken over the rows of all. A scale of zero has none.
 * - Pinball of the quantile q: the mean of max(q (y - f), (q - 1) (y - f)) (Koenker and Bassett, 1978).
 */
export function figuresSql(by: string, segment: string, compared: Compared): string {
  const scored = 'y IS NOT NULL AND isfinite(p)';
  const named = `${scored} AND naive IS NOT NULL`;
  const sum = (value: string, where = scored): string =>
    `coalesce(sum(${value}) FILTER (WHERE ${where}), 0)::DOUBLE`;
  return `SELECT ${quoteText(by)} AS segment_by, ${segment} AS segment, count(*) AS predictions,
      count(*) FILTER (WHERE ${scored}) AS scored,
      ${sum('abs(p - y)')} AS absolute_error, ${sum('abs(y)')} AS absolute_actual,
      absolute_error / nullif(absolute_actual, 0) AS wape,
      avg(abs(p - y)) FILTER (WHERE ${scored}) AS mae,
      avg(p - y) FILTER (WHERE ${scored}) AS bias,
      ${sum('p - y')} / nullif(absolute_actual, 0) AS bias_share,
      sqrt(avg((p - y) ** 2 / scale) FILTER (WHERE ${scored} AND scale > 0)) AS rmsse,
      count(*) FILTER (WHERE ${named}) AS naive_scored,
      ${sum('abs(naive - y)', named)} AS naive_absolute_error,
      ${sum('abs(p - y)', named)} AS absolute_error_beside_naive,
      naive_absolute_error / nullif(${sum('abs(y)', named)}, 0) AS naive_wape,
      avg(abs(naive - y)) FILTER (WHERE ${named}) AS naive_mae,
      sqrt(avg((naive - y) ** 2 / scale) FILTER (WHERE ${named} AND scale > 0)) AS naive_rmsse,
      1 - absolute_error_beside_naive / nullif(naive_absolute_error, 0) AS skill,
      ${quantilesSql(compared)} AS quantiles, ${intervalsSql(compared)} AS intervals
    FROM ${SCORED}${segment === NO_SEGMENT ? '' : ` GROUP BY ${segment}`}`;
}

const NO_SEGMENT = 'NULL::VARCHAR';

/** All segments of a run, as one SELECT. */
export function allFiguresSql({ by, date, ...compared }: ScoreColumns): string {
  const dates =
    date === null
      ? []
      : [
          figuresSql('horizon', 'CAST(h AS VARCHAR)', compared),
          figuresSql('weekday', 'dayname(t)', compared),
        ];
  return [
    figuresSql(WHOLE, NO_SEGMENT, compared),
    ...dates,
    ...by.map((name, index) => figuresSql(segmentsName(name), `by${index}`, compared)),
  ].join(' UNION ALL ');
}

/** What the segments of a column are called; a column may be called as those that every run has. */
function segmentsName(column: string): string {
  return [WHOLE, 'horizon', 'weekday'].includes(column) ? `column ${column}` : column;
}

function quantilesSql({ quantiles }: Compared): string {
  const structs = quantiles.map(({ quantile, column }, index) => {
    const where = `FILTER (WHERE y IS NOT NULL AND isfinite(q${index}))`;
    return `{'quantile': ${quantile}::DOUBLE, 'column': ${quoteText(column)}, 'scored': count(*) ${where},
      'pinball': avg(greatest(${quantile} * (y - q${index}), (${quantile} - 1) * (y - q${index}))) ${where},
      'below': avg(CAST(y <= q${index} AS INTEGER)) ${where}}`;
  });
  return `CAST([${structs.join(', ')}] AS STRUCT(quantile DOUBLE, "column" VARCHAR, scored BIGINT, pinball DOUBLE, below DOUBLE)[])`;
}

function intervalsSql({ intervals }: Compared): string {
  const structs = intervals.map(({ level, lower, upper }, index) => {
    const where = `FILTER (WHERE y IS NOT NULL AND isfinite(low${index}) AND isfinite(high${index}))`;
    return `{'level': ${level}::DOUBLE, 'lower': ${quoteText(lower)}, 'upper': ${quoteText(upper)},
      'scored': count(*) ${where}, 'coverage': avg(CAST(y BETWEEN low${index} AND high${index} AS INTEGER)) ${where},
      'width': avg(high${index} - low${index}) ${where}}`;
  });
  return `CAST([${structs.join(', ')}] AS STRUCT(level DOUBLE, lower VARCHAR, upper VARCHAR, scored BIGINT, coverage DOUBLE, width DOUBLE)[])`;
}

type Row = Readonly<Record<string, unknown>>;

/** Some rows of {@link figuresSql}, wherever they stand. */
export async function readFigures(database: Database, sql: string): Promise<readonly SegmentFigures[]> {
  const rows = await database.rows(sql);
  return rows.map((row) => ({
    by: String(row.segment_by),
    segment: String(row.segment ?? ''),
    figures: figuresOf(row),
  }));
}

function figuresOf(row: Row): AccuracyFigures {
  return {
    predictions: count(row.predictions),
    scored: count(row.scored),
    absoluteError: Number(row.absolute_error),
    absoluteActual: Number(row.absolute_actual),
    ...{ wape: amount(row.wape), mae: amount(row.mae), bias: amount(row.bias) },
    ...{ biasShare: amount(row.bias_share), rmsse: amount(row.rmsse) },
    naive: naiveOf(row),
    quantiles: listOf(row.quantiles).map(
      (each): QuantileFigures => ({
        quantile: Number(each.quantile),
        column: String(each.column),
        ...{ scored: count(each.scored), pinball: amount(each.pinball), below: amount(each.below) },
      }),
    ),
    intervals: listOf(row.intervals).map(
      (each): IntervalFigures => ({
        ...{ level: Number(each.level), lower: String(each.lower), upper: String(each.upper) },
        ...{ scored: count(each.scored), coverage: amount(each.coverage), width: amount(each.width) },
      }),
    ),
  };
}

function naiveOf(row: Row): NaiveFigures {
  return {
    scored: count(row.naive_scored),
    absoluteError: Number(row.naive_absolute_error),
    absoluteErrorOfPredictions: Number(row.absolute_error_beside_naive),
    ...{ wape: amount(row.naive_wape), mae: amount(row.naive_mae) },
    ...{ rmsse: amount(row.naive_rmsse), skill: amount(row.skill) },
  };
}

function listOf(value: unknown): readonly Row[] {
  return Array.isArray(value) ? (value as readonly Row[]) : [];
}

/** 64-bit integers come as text. */
function count(value: unknown): number {
  return Number(value ?? 0);
}

function amount(value: unknown): number | null {
  const number = value === null || value === undefined ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}
