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

/** Different values of a column up to which it has a dictionary: looking for large ones costs more than they save. */
const DICTIONARY_ENTRIES = 4_096;

/** The Parquet copy is read a few times and then deleted: quick compression, and row groups of DuckDB's own size. */
export async function copyToStaged(database: Database, select: string, target: string): Promise<void> {
  const columns = await database.describe(select);
  // To DuckDB's dictionaries -0.0 is 0.0, and whichever comes later is written as the first.
  const hasFractions = columns.some(({ type }) => /FLOAT|DOUBLE/.test(type));
  const path = target.replaceAll("'", "''");
  await database.run(
    `COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT ${hasFractions ? 0 : DICTIONARY_ENTRIES})`,
  );
}
