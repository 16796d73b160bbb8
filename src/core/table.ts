/** A column of a table; `type` is DuckDB's name of the type (`BIGINT`, `DECIMAL(9,2)`, `VARCHAR`). */
export interface Column {
  readonly name: string;
  readonly type: string;
}

export const TABLE_FORMATS = ['parquet', 'csv', 'json', 'arrow'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** A source file as it was when the run was planned. */
export interface SourceFile {
  /** As the user gave it, or as the glob found it. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** A Parquet file that shards read by row range. */
export interface TableFile {
  readonly path: string;
  readonly rows: number;
}

/** The input of a run: which files, which columns, how many rows. */
export interface ResolvedInput {
  readonly format: TableFormat;
  /** What the user named. */
  readonly paths: readonly string[];
  readonly sources: readonly SourceFile[];
  readonly fingerprint: string;
  readonly columns: readonly Column[];
  /** Columns that come from folder names (`date=2026-11-21/`), with their types. */
  readonly hiveColumns: readonly Column[];
  /** What shards read: the sources themselves, or the staged copy of them. */
  readonly files: readonly TableFile[];
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
