import { quoteFile, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { HIDDEN_PREFIX } from '../formats/staged-copy.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { findLines, type LeftOut, lineEach } from './record-lines.ts';
import { FILE_COLUMN } from './staging-select.ts';

/** Columns as `ResolvedInput.places` has them. */
export const PLACES_TABLE = `${HIDDEN_PREFIX}places`;

/** A file in the order of the input: what DuckDB read, and what it is called. */
export interface StagedFile {
  readonly readPath: string;
  readonly path: string;
  readonly dialect: CsvDialect;
}

/** Files, lines as DuckDB counts them, and as they are: `file`, `found`, `line`. */
export const LINES_TABLE = `${HIDDEN_PREFIX}lines`;

export interface FoundRows {
  /** Of each file, those that were copied. */
  readonly rows: readonly number[];
  /** Whether the files are known to have a record a line. */
  readonly proved: boolean;
  /** SELECT of those that were not. */
  readonly malformedSql: string | null;
}

/**
 * Makes {@link PLACES_TABLE}: which file the rows of a staged copy come from, and on which lines they stand;
 * and {@link LINES_TABLE}, for the malformed rows that `malformedSql` selects.
 */
export async function findPlaces(
  database: Database,
  files: readonly StagedFile[],
  { rows, proved, malformedSql }: FoundRows,
): Promise<void> {
  await database.run(
    `CREATE OR REPLACE TABLE ${PLACES_TABLE} (file VARCHAR, first_row BIGINT, file_row BIGINT, line BIGINT)`,
  );
  await database.run(`CREATE OR REPLACE TABLE ${LINES_TABLE} (file VARCHAR, found BIGINT, line BIGINT)`);
  const appender = await database.connection.createAppender(PLACES_TABLE);
  let firstRow = 0;
  for (const [index, { path, readPath, dialect }] of files.entries()) {
    const count = rows[index] ?? 0;
    const leftOut = await leftOutOf(database, malformedSql, path);
    const found = proved ? lineEach(dialect) : await findLines(readPath, dialect, count, leftOut);
    await writeLines(database, path, leftOut, found?.leftOut ?? []);
    for (const { row, line } of found?.rows ?? [{ row: 0, line: null }]) {
      appender.appendVarchar(path);
      appender.appendBigInt(BigInt(firstRow + row));
      appender.appendBigInt(BigInt(row + 1));
      if (line === null) appender.appendNull();
      else appender.appendBigInt(BigInt(line));
      appender.endRow();
    }
    firstRow += count;
  }
  appender.closeSync();
}

/** Of each file, how many rows a staged copy has. */
export async function rowCounts(
  database: Database,
  staged: string,
  files: readonly StagedFile[],
): Promise<readonly number[]> {
  const from = `read_parquet(${quoteFile(staged)})`;
  if (files.length === 1) {
    const [all] = await database.rows(`SELECT count(*) AS n FROM ${from}`);
    return [Number(all?.n)];
  }
  const counts = await database.rows(
    `SELECT ${FILE_COLUMN} AS file, count(*) AS n FROM ${from} GROUP BY ALL`,
  );
  const byFile = new Map(counts.map(({ file, n }) => [String(file), Number(n)]));
  return files.map(({ readPath }) => byFile.get(readPath) ?? 0);
}

async function leftOutOf(
  database: Database,
  malformedSql: string | null,
  path: string,
): Promise<readonly LeftOut[]> {
  if (malformedSql === null) return [];
  const rows = await database.rows(
    `SELECT line, byte_offset FROM (${malformedSql}) WHERE file = ${quoteText(path)} ORDER BY byte_offset`,
  );
  return rows.map(({ line, byte_offset: offset }) => ({ line: Number(line), offset: Number(offset) }));
}

async function writeLines(
  database: Database,
  path: string,
  leftOut: readonly LeftOut[],
  lines: readonly number[],
): Promise<void> {
  const wrong = leftOut.flatMap(({ line }, index) => {
    const right = lines[index] ?? line;
    return right === line ? [] : [[line, right] as const];
  });
  if (wrong.length === 0) return;
  const appender = await database.appendConnection.createAppender(LINES_TABLE);
  for (const [found, line] of wrong) {
    appender.appendVarchar(path);
    appender.appendBigInt(BigInt(found));
    appender.appendBigInt(BigInt(line));
    appender.endRow();
  }
  appender.closeSync();
}
