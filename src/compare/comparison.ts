/** What differs between two runs, joined by key. `before` and `after` are the first and the second of them. */
export interface Comparison {
  readonly before: ComparedSide;
  readonly after: ComparedSide;
  /** The columns that were joined by. */
  readonly key: readonly string[];
  readonly keys: KeyCounts;
  /** Keys that only one of the runs has, some of each. */
  readonly examples: { readonly onlyBefore: readonly string[]; readonly onlyAfter: readonly string[] };
  readonly columns: readonly ColumnComparison[];
  /** Prediction columns that only one of the runs has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** What else is to be known: other types, keys that are there twice. A sentence each. */
  readonly notes: readonly string[];
  /** Keys that only one run has, or that changed by more than is allowed, and how many may. */
  readonly limit: ChangeLimit & { readonly beyond: number; readonly share: number; readonly isMet: boolean };
}

export interface ComparedSide {
  readonly runId: string;
  readonly job: string;
  readonly model: string;
  readonly rows: number;
  /** Rows with the key of a later row: the last one counts, as in the store. */
  readonly duplicates: number;
}

export interface KeyCounts {
  readonly both: number;
  readonly onlyBefore: number;
  readonly onlyAfter: number;
}

/** A key has changed too much where its value differs by more than `change`; at most `share` of all keys may. */
export interface ChangeLimit {
  /** A share of the larger of the two values; 0: at all. */
  readonly change: number;
  /** Null: as many as like. */
  readonly most: number | null;
}

export interface ColumnComparison {
  readonly name: string;
  /** `list`: numbers side by side, whose difference is the greatest of their places. */
  readonly kind: 'number' | 'list' | 'other';
  /** Of the keys that both runs have. */
  readonly unchanged: number;
  readonly changed: number;
  /** Of those that changed: the number is gone (null, NaN or infinite now), or it has come. */
  readonly lost: number;
  readonly found: number;
  /** Null where there are no two numbers to compare. */
  readonly numbers: NumberComparison | null;
  readonly segments: readonly SegmentComparison[];
  readonly biggest: readonly KeyDifference[];
}

/** Of the keys that have a number in both runs. */
export interface NumberComparison {
  readonly keys: number;
  /** Null for lists. */
  readonly meanBefore: number | null;
  readonly meanAfter: number | null;
  /** The mean of after minus before. Null for lists. */
  readonly bias: number | null;
  readonly meanAbsolute: number;
  readonly rootMeanSquare: number;
  readonly correlation: number | null;
  /** Of after minus before; of lists, of their distance. */
  readonly difference: Quantiles;
  readonly absolute: Quantiles;
  /** Of the difference as a share of the larger of the two. Null for lists. */
  readonly relative: Quantiles | null;
  /** Whether the quantiles are estimates: of very many keys. */
  readonly isEstimate: boolean;
  /** Of the keys whose difference is not 0. */
  readonly histogram: readonly DifferenceBin[];
}

/** By their share: 1%, 5%, 25%, 50%, 75%, 95%, 99%. */
export const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;
export interface Quantiles {
  readonly least: number;
  readonly at: readonly number[];
  readonly greatest: number;
}

export interface DifferenceBin {
  readonly from: number;
  readonly to: number;
  readonly keys: number;
}

export interface SegmentComparison {
  readonly column: string;
  readonly value: string | null;
  readonly keys: number;
  readonly onlyBefore: number;
  readonly onlyAfter: number;
  readonly changed: number;
  /** Changed by more than the limit. */
  readonly beyond: number;
  readonly meanBefore: number | null;
  readonly meanAfter: number | null;
  readonly bias: number | null;
  readonly meanAbsolute: number | null;
}

export interface KeyDifference {
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Null where one of the two is no number. */
  readonly difference: number | null;
}
