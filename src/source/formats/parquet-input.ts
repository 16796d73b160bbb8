import { ServeBatchError } from '../../core/errors.ts';
import type { Column, SourceFile, TableFile } from '../../core/table.ts';
import { quoteFile, quoteFiles } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { readError } from '../read-error.ts';
import { spoolOf } from '../remote/spool.ts';
import { assertNoOwnColumn, type HivePartitioning, partitionColumns } from './partitions.ts';
import { type FilesOfSchema, uniteColumns } from './unite-columns.ts';
import { assertIsWhatItSays } from './what-it-is.ts';

export interface ParquetDescription {
  readonly columns: readonly Column[];
  readonly hiveColumns: readonly Column[];
  readonly files: readonly TableFile[];
}

export interface ParquetRequest {
  readonly sources: readonly SourceFile[];
  /** What the job names: files, globs, folders. */
  readonly given: readonly string[];
  readonly hive: HivePartitioning;
}

/**
 * Columns, partitions and row counts from the footers alone; values are read only where types differ.
 * Throws `INPUT_UNREADABLE`, or `SCHEMA_MISMATCH` for files that do not make one table.
 */
export async function describeParquet(
  database: Database,
  { sources, given, hive }: ParquetRequest,
): Promise<ParquetDescription> {
  const named = sources.map(({ path }) => path);
  const paths = (await spoolOf(database).local(sources, 'footers')).map(({ path }) => path);
  const names = new Map(paths.map((path, index) => [path, named[index] ?? path]));
  const counted = await readCounts(database, paths);
  try {
    const schemas = await describeSchemas(database, paths);
    const hiveColumns = partitionColumns(named, given, hive);
    for (const { paths: files, columns } of schemas) {
      assertNoRowNumber(columns, files);
      assertNoOwnColumn(hiveColumns, columns, files[0] ?? '');
    }
    const differing = differingColumns(schemas);
    if (differing.length > 0)
      for (const source of sources)
        await spoolOf(database).need(source, { ...ALL_ROWS, columns: differing }, false);
    const columns = [...(await uniteColumns(database, schemas)), ...hiveColumns];
    const files = withSchemas(counted, schemas).map((file) => ({
      ...file,
      path: names.get(file.path) ?? file.path,
    }));
    return { columns, hiveColumns, files };
  } catch (error) {
    throw readError(error, paths.length === 1 ? `${paths[0]}` : `The input (${paths.length} Parquet files)`);
  }
}

const ALL_ROWS = { rowStart: 0, rowEnd: Number.MAX_SAFE_INTEGER };

/** Columns whose values are looked at, since files have them with different types. */
function differingColumns(schemas: readonly FilesOfSchema[]): readonly string[] {
  const types = new Map<string, Set<string>>();
  for (const { name, type } of schemas.flatMap(({ columns }) => columns))
    types.set(name.toLowerCase(), (types.get(name.toLowerCase()) ?? new Set()).add(type));
  return [...types].flatMap(([name, { size }]) => (size > 1 ? [name] : []));
}

/** Files with their rows and schemas, and the schemas. */
export async function describeFiles(
  database: Database,
  paths: readonly string[],
): Promise<{ readonly files: readonly TableFile[]; readonly schemas: readonly FilesOfSchema[] }> {
  const counted = await readCounts(database, paths);
  const schemas = await describeSchemas(database, paths);
  return { files: withSchemas(counted, schemas), schemas };
}

/** Files by their columns, the first files first. */
async function describeSchemas(
  database: Database,
  paths: readonly string[],
): Promise<readonly FilesOfSchema[]> {
  const signatures = await database.rows(
    `SELECT file_name, md5(string_agg(concat_ws(',', name, type, type_length, num_children, converted_type, scale, precision, logical_type), ';' ORDER BY place)) AS signature,
       list(name) AS names
     FROM (SELECT *, row_number() OVER () AS place FROM parquet_schema(${quoteFiles(paths)})) GROUP BY file_name`,
  );
  const byFile = new Map(signatures.map((row) => [String(row.file_name), row]));
  const groups = new Map<string, { readonly paths: string[]; readonly names: readonly string[] }>();
  for (const path of paths) {
    const { signature, names } = byFile.get(path) ?? {};
    const group = groups.get(String(signature)) ?? { paths: [], names: (names ?? []) as string[] };
    group.paths.push(path);
    groups.set(String(signature), group);
  }
  const schemas: FilesOfSchema[] = [];
  for (const { paths: files, names } of groups.values()) {
    const first = files[0] ?? '';
    const columns = await database.describe(
      `SELECT * FROM read_parquet(${quoteFile(first)}, hive_partitioning = false)`,
    );
    assertNotRenamed(columns, names, first);
    schemas.push({ paths: files, columns });
  }
  return schemas;
}

/** Of two columns whose names differ in case only, DuckDB gives the second another name. */
function assertNotRenamed(columns: readonly Column[], names: readonly string[], file: string): void {
  const renamed = columns.find(({ name }) => !names.includes(name));
  if (renamed === undefined) return;
  const name = renamed.name.replace(/_\d+$/, '');
  const first = columns.find((each) => each.name.toLowerCase() === name.toLowerCase());
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${file} has two columns "${first?.name ?? name}" and "${name}". Names of columns must differ, whatever their case. Rename one.`,
    { fields: { file, column: name } },
  );
}

function withSchemas(files: readonly TableFile[], schemas: readonly FilesOfSchema[]): readonly TableFile[] {
  if (schemas.length === 1) return files;
  const byPath = new Map(
    schemas.flatMap(({ paths }, schema) => paths.map((path) => [path, schema] as const)),
  );
  return files.map((file) => ({ ...file, schema: byPath.get(file.path) ?? 0 }));
}

/** Shards find their rows by a column that DuckDB adds under this name, and cannot add twice. */
export function assertNoRowNumber(columns: readonly Column[], paths: readonly string[]): void {
  const taken = columns.find(({ name }) => name.toLowerCase() === 'file_row_number');
  if (taken === undefined) return;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${paths[0]} has a column "${taken.name}", the name under which DuckDB numbers the rows of a file. Rename it or leave it out of the table.`,
    { fields: { column: taken.name } },
  );
}

/** Files with their rows. Throws `INPUT_UNREADABLE` for the first that is no Parquet file. */
export async function readCounts(database: Database, paths: readonly string[]): Promise<TableFile[]> {
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

/** DuckDB's "magic bytes" in plain words. */
function noMagic(error: unknown): unknown {
  if (!(error instanceof Error && error.message.includes('No magic bytes'))) return error;
  return new Error('it does not end as a Parquet file does', { cause: error });
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
      await assertIsWhatItSays([{ path }], 'parquet');
      return readError(noMagic(cause), path);
    }
  }
  return readError(error, 'The input');
}
