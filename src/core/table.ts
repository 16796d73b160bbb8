/** A column of a table; `type` is DuckDB's name of the type (`BIGINT`, `DECIMAL(9,2)`, `VARCHAR`). */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Whether values of a type are numbers. */
export function isNumberType(type: string): boolean {
  return /^(?:FLOAT|DOUBLE|U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL\(.*\))$/.test(type);
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
  /** Of an object in a bucket: its ETag or generation. Where it is there, it says whether the content is the same. */
  readonly version?: string;
  /** Other paths of the input at which the same file stands: links to it, and its own path named again. */
  readonly alsoAt?: readonly string[];
}

/** A Parquet file that shards read by row range. */
export interface TableFile {
  readonly path: string;
  readonly rows: number;
  /** Files with the same number have the same columns; left out: all files of the input have. */
  readonly schema?: number;
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
  /**
   * In no plan: a table of the database, or a SELECT in brackets, that has the rows instead, with the column
   * `input_row`: rows that are to be scored at once.
   */
  readonly table?: string;
  /** Whether `files` are staged copies: their columns may then come from text, and hold text where a number was meant. */
  readonly staged: boolean;
  /** Which rows of the sources these are, for messages; null: all of them. */
  readonly excerpt: string | null;
  readonly rows: number;
  /** Rows that could not even be split into columns, while staging. They count as input rows and as rejects. */
  readonly stagingRejects: number;
  /** Columns of a staged CSV whose texts do not all follow from their values. */
  readonly written: readonly WrittenColumn[];
  /** Cells of a staged CSV that do not have the type of their column: null to the features. */
  readonly badCells: readonly BadCells[];
  /**
   * A Parquet file that says where the rows of a staged CSV stand (see source/locate-row.ts). Null: there is none,
   * and rows are counted from the first file on.
   */
  readonly places: string | null;
}

/** A column of a CSV whose staged copy has, beside its values, the texts that stood in the file. */
export interface WrittenColumn {
  readonly column: string;
  /** Of the values in the copy. */
  readonly type: string;
  /** A column of the copy with all texts; or the place, from 1, in the list of those that the value does not print. */
  readonly text: string | number;
  /** Whether columns that are kept have the texts rather than the values. */
  readonly isKept: boolean;
}

/** The cells of one column of a CSV that do not have its type. */
export interface BadCells {
  readonly column: string;
  readonly type: string;
  readonly count: number;
  /** The first of them. */
  readonly file: string;
  /** From 1, the header included; null: not known. */
  readonly line: number | null;
  readonly value: string;
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
  /** What the job names, of which `sources` are the files. */
  readonly paths?: readonly string[];
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
