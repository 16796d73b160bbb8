/** A column of a table; `type` is DuckDB's name of the type (`BIGINT`, `DECIMAL(9,2)`, `VARCHAR`). */
export interface Column {
  readonly name: string;
  readonly type: string;
}

export const TABLE_FORMATS = ['parquet', 'csv', 'json', 'arrow'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** What the rows of an input come from: a table in one of the formats, or a grid. */
export const INPUT_FORMATS = [...TABLE_FORMATS, 'grid'] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** A source file as it was when the run was planned. */
export interface SourceFile {
  /** As the user gave it, or as the glob found it. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Other paths of the input at which the same file stands: links to it, and its own path named again. */
  readonly alsoAt?: readonly string[];
}

/** A Parquet file that shards read by row range. */
export interface TableFile {
  readonly path: string;
  readonly rows: number;
}

/** The input of a run: which files, which columns, how many rows. */
export interface ResolvedInput {
  readonly format: InputFormat;
  /** What the user named; of a grid: the files of its dimensions. */
  readonly paths: readonly string[];
  readonly sources: readonly SourceFile[];
  readonly fingerprint: string;
  readonly columns: readonly Column[];
  /** Columns that come from folder names (`date=2026-11-21/`), with their types. */
  readonly hiveColumns: readonly Column[];
  /** What shards read: the sources themselves, or the staged copy of them. */
  readonly files: readonly TableFile[];
  /** Null: a table. A grid has no `files`: its rows are made from their numbers. */
  readonly grid: GridPlan | null;
  /** Whether `files` are staged copies: their columns may then come from text, and hold text where a number was meant. */
  readonly staged: boolean;
  /** Which rows of the sources these are, for messages; null: all of them. */
  readonly excerpt: string | null;
  readonly rows: number;
  /** Rows that could not even be split into columns, while staging. They count as input rows and as rejects. */
  readonly stagingRejects: number;
}

/** What identifies the content of the input without reading all of it. */
export interface InputFingerprint {
  readonly sources: readonly SourceFile[];
  readonly fingerprint: string;
}

/** A table with a name, and its files as they were when the run was planned. */
export interface NamedTable {
  readonly name: string;
  readonly sources: readonly SourceFile[];
}

/** A grid as a run uses it. Row numbers run over all combinations that meet the filter, the last dimension fastest. */
export interface GridPlan {
  readonly dimensions: readonly GridDimension[];
  /** An SQL condition. */
  readonly filter: string | null;
  /** Tables that the filter reads. */
  readonly tables: readonly NamedTable[];
  /** Rows that meet the filter in each block of combinations (see source/grid-rows.ts); null: no filter. */
  readonly blocks: readonly number[] | null;
}

export interface GridDimension {
  /** The column. */
  readonly name: string;
  readonly type: string;
  /** Distinct values. */
  readonly size: number;
  readonly source: DimensionSource;
}

export type DimensionSource =
  | { readonly kind: 'file'; readonly paths: readonly string[]; readonly column: string }
  | { readonly kind: 'list'; readonly values: readonly string[] }
  /** `step`: seconds of times, days of dates. */
  | { readonly kind: 'range'; readonly from: string; readonly step: number };
