import { ServeBatchError } from '../../core/errors.ts';
import { quoteFile, quoteFiles } from '../../core/sql.ts';
import type { Column, SourceFile, TableFile } from '../../core/table.ts';
import type { Database } from '../database.ts';
import { readError } from '../read-error.ts';

export interface ParquetDescription {
  readonly columns: readonly Column[];
  readonly hiveColumns: readonly Column[];
  readonly files: readonly TableFile[];
}

export type HivePartitioning = 'auto' | boolean;

/** Columns, partitions and row counts from the footers alone. Throws `INPUT_UNREADABLE`. */
export async function describeParquet(
  database: Database,
  sources: readonly SourceFile[],
  hive: HivePartitioning,
): Promise<ParquetDescription> {
  const paths = sources.map((source) => source.path);
  const partitioned = hive === 'auto' ? paths.every(isPartitioned) : hive;
  const files = await readCounts(database, paths);
  try {
    const all = `SELECT * FROM read_parquet(${quoteFiles(paths)}, union_by_name = true, hive_partitioning =`;
    const columns = await database.describe(`${all} ${partitioned})`);
    assertNoRowNumber(columns, paths);
    if (!partitioned) return { columns, hiveColumns: [], files };
    const partitionNames = new Set(paths.flatMap(partitionNamesOf));
    return { columns, hiveColumns: columns.filter((column) => partitionNames.has(column.name)), files };
  } catch (error) {
    throw readError(error, paths.length === 1 ? `${paths[0]}` : `The input (${paths.length} Parquet files)`);
  }
}

/** Shards find their rows by a column that DuckDB adds under this name, and cannot add twice. */
function assertNoRowNumber(columns: readonly Column[], paths: readonly string[]): void {
  const taken = columns.find(({ name }) => name.toLowerCase() === 'file_row_number');
  if (taken === undefined) return;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${paths[0]} has a column "${taken.name}", the name under which DuckDB numbers the rows of a file. Rename it or leave it out of the table.`,
    { fields: { column: taken.name } },
  );
}

async function readCounts(database: Database, paths: readonly string[]): Promise<TableFile[]> {
  try {
    const rows = await database.rows(
      `SELECT file_name, num_rows FROM parquet_file_metadata(${quoteFiles(paths)})`,
    );
    const counts = new Map(rows.map((row) => [String(row.file_name), Number(row.num_rows)]));
    return paths.map((path) => ({ path, rows: counts.get(path) ?? 0 }));
  } catch (error) {
    throw await nameTheFile(database, paths, error);
  }
}

/** DuckDB does not always say which of the files is the broken one: ask for each. */
async function nameTheFile(
  database: Database,
  paths: readonly string[],
  error: unknown,
): Promise<ServeBatchError> {
  for (const path of paths) {
    try {
      await database.rows(`SELECT num_rows FROM parquet_file_metadata(${quoteFile(path)})`);
    } catch (cause) {
      return readError(cause, path);
    }
  }
  return readError(error, 'The input');
}

function isPartitioned(path: string): boolean {
  return partitionNamesOf(path).length > 0;
}

/** `["region", "date"]` of `data/region=north/date=2026-11-21/part.parquet`. */
function partitionNamesOf(path: string): string[] {
  return path
    .split('/')
    .slice(0, -1)
    .flatMap((folder) => /^([^=]+)=/.exec(folder)?.[1] ?? []);
}
