/** A grid as the job says it: every combination of its dimensions' values is one row of the input. */
export interface GridSpec {
  /** The first changes slowest: rows are ordered by it. */
  readonly dimensions: readonly DimensionSpec[];
  /** An SQL condition over the dimensions and `features.tables`; rows that do not meet it are not in the grid. */
  readonly filter: string | null;
}

/** One dimension, which becomes the column `name`. */
export type DimensionSpec = FileDimension | ListDimension | RangeDimension;

/** The distinct values of a column, in the order of the file. */
export interface FileDimension {
  readonly kind: 'file';
  readonly name: string;
  readonly path: string;
  /** Null: the column called as the dimension, or as it without its plural s; the dimension is then called so too. */
  readonly column: string | null;
}

export interface ListDimension {
  readonly kind: 'list';
  readonly name: string;
  readonly values: readonly (string | number | boolean)[];
}

/** Dates, times or whole numbers. Exactly one of `to`, `days`, `hours` is not null. */
export interface RangeDimension {
  readonly kind: 'range';
  readonly name: string;
  /** A date, a local time or a whole number. */
  readonly from: string | number;
  /** The last value, inclusive. */
  readonly to: string | number | null;
  readonly days: number | null;
  readonly hours: number | null;
  /** Seconds between two times, or the difference of two numbers. Null: a day, an hour with `hours`, or 1. */
  readonly step: number | null;
}
