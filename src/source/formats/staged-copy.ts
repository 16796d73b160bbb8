import type { BadCells, Column, WrittenColumn } from '../../core/table.ts';
import type { Database } from '../duckdb/database.ts';
import type { MalformedRows } from './malformed-row.ts';

/** What was copied from text files, and the rows of them that were left out. */
export interface StagedSelect {
  readonly columns: readonly Column[];
  readonly malformed: MalformedRows;
  /** Of formats whose values are texts; see {@link WrittenColumn}. */
  readonly written?: readonly WrittenColumn[];
  readonly badCells?: readonly BadCells[];
  /** A SELECT of where the rows stand; see `ResolvedInput.places`. */
  readonly placesSql?: string;
}

/** Where the staged copy has what it has beside the columns of the input. No input has a column so named. */
export const HIDDEN_PREFIX = 'serve_batch_';

/**
 * The Parquet copy is read a few times and then deleted: quick compression, row groups of DuckDB's own size,
 * and dictionaries only where they are small, since looking for large ones costs more than they save.
 */
export async function copyToStaged(database: Database, select: string, target: string): Promise<void> {
  const path = target.replaceAll("'", "''");
  await database.run(
    `COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 4096)`,
  );
}
