/** How good predictions were: what a job says of its actuals, and what scoring a run finds. */

/** What came true, and how it is compared with the predictions. */
export interface ActualsSpec {
  readonly source: ActualsSource;
  /** The column with what came true. */
  readonly column: string;
  /** The prediction that is compared with it. Null: the one prediction that is a number. */
  readonly prediction: string | null;
  /** Columns by which actuals and predictions belong together, the date among them. Null: those of key and field. */
  readonly key: readonly string[] | null;
  /** The column of the key with the date or time that is predicted. Null: the one of such a type. */
  readonly date: string | null;
  /** Columns of the parts that make segments. Null: those of the key, without the date. */
  readonly by: readonly string[] | null;
  /** Predictions that are quantiles. */
  readonly quantiles: readonly QuantileColumn[];
  /** Whole days after a date before its actual is known. */
  readonly delayDays: number;
}

/** A table, or a SELECT over tables that have names. Paths are absolute. */
export type ActualsSource =
  | { readonly kind: 'table'; readonly path: string }
  | { readonly kind: 'select'; readonly select: string; readonly tables: Readonly<Record<string, string>> };

export interface QuantileColumn {
  /** From 0 to 1, exclusive. */
  readonly quantile: number;
  readonly column: string;
}

/** Sums over the rows of a segment that have a usable prediction and an actual, and what follows from them. */
export interface AccuracyFigures {
  /** All predictions of the segment. */
  readonly predictions: number;
  /** Those that have an actual. */
  readonly scored: number;
  /** Sum of |prediction - actual|. */
  readonly absoluteError: number;
  /** Sum of |actual|. */
  readonly absoluteActual: number;
  /** Null: without a scored row, or, of shares, where the actuals are all zero. */
  readonly wape: number | null;
  readonly mae: number | null;
  /** Mean of prediction - actual: above zero, the predictions are too high. */
  readonly bias: number | null;
  /** The same as a share of the actuals. */
  readonly biasShare: number | null;
  readonly rmsse: number | null;
  /** The seasonal naive forecast, over the scored rows that have one. */
  readonly naive: NaiveFigures;
  readonly quantiles: readonly QuantileFigures[];
  readonly intervals: readonly IntervalFigures[];
}

/** How good a run was, as a whole. */
export interface RunAccuracy {
  readonly runId: string;
  readonly whole: AccuracyFigures;
}

export interface NaiveFigures {
  readonly scored: number;
  readonly absoluteError: number;
  /** Of the predictions, over the same rows. */
  readonly absoluteErrorOfPredictions: number;
  readonly wape: number | null;
  readonly mae: number | null;
  readonly rmsse: number | null;
  /** 1 less the error of the predictions by that of the naive forecast: below zero, the naive forecast is better. */
  readonly skill: number | null;
}

export interface QuantileFigures extends QuantileColumn {
  readonly scored: number;
  readonly pinball: number | null;
  /** The share of actuals at or below it: that of a good one is the quantile itself. */
  readonly below: number | null;
}

export interface IntervalFigures {
  readonly level: number;
  readonly lower: string;
  readonly upper: string;
  readonly scored: number;
  /** The share of actuals inside, bounds included. */
  readonly coverage: number | null;
  readonly width: number | null;
}

export interface SegmentFigures {
  /** `horizon`, `weekday`, or a column. */
  readonly by: string;
  readonly segment: string;
  readonly figures: AccuracyFigures;
}

/** A pair of columns with the bounds of an interval. */
export interface IntervalColumns {
  /** The share of actuals that are to lie inside. */
  readonly level: number;
  readonly lower: string;
  readonly upper: string;
}

/** What a job asks of intervals. */
export interface IntervalsSpec {
  /** Shares of the actuals that are to lie inside, from 0 to 1, exclusive. */
  readonly levels: readonly number[];
  /** Columns of the parts whose values have bounds of their own, where they have errors enough. */
  readonly by: readonly string[];
  /** Published runs whose errors count. */
  readonly runs: number;
  /** Errors that a group needs. */
  readonly least: number;
  /** No bound is below it; null: any may be. */
  readonly min: number | null;
}

/** What a plan says of intervals: all that decides their columns. Groups come from runs before it. */
export interface IntervalsPlan {
  readonly columns: readonly IntervalColumns[];
  /** The column that the bounds are added to. */
  readonly prediction: string;
  /** The column with the predicted date or time; null: there is none, and no horizons. */
  readonly date: string | null;
  /** When the run was made, in the time zone of the job, without one: `2026-11-21T00:00:00`. */
  readonly origin: string;
  /** Columns whose values make segments. */
  readonly by: readonly string[];
  /** No bound is below it; null: any may be. */
  readonly min: number | null;
  readonly groups: readonly IntervalGroup[];
  /** Published runs whose errors are in it, newest first. */
  readonly runs: readonly string[];
  /** Why some or all predictions have no interval, or a coarser one; null: nothing is to be said. */
  readonly why: string | null;
}

/** Bounds that are added to predictions of one horizon, in one segment or in all. */
export interface IntervalGroup {
  /** Null: predictions are for no date. */
  readonly horizon: number | null;
  /** Values of the columns of `by`, as text. Null: all segments that have no group of their own. */
  readonly segment: readonly string[] | null;
  readonly residuals: number;
  /** Lower and upper, one pair a level. */
  readonly bounds: readonly (readonly [number, number])[];
}

/** Names of the columns with bounds, in the order of the part. */
export function boundColumns(
  intervals: Pick<IntervalsPlan, 'columns'> | null | undefined,
): readonly string[] {
  return (intervals?.columns ?? []).flatMap(({ lower, upper }) => [lower, upper]);
}

/** What a plan with a reason says before it. */
export function withoutBounds({ groups }: Pick<IntervalsPlan, 'groups'>): string {
  return groups.length === 0 ? 'intervals are null' : 'intervals are coarser than asked for';
}
