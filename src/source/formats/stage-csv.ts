import type { Column, SourceFile } from '../../core/table.ts';
import type { Database } from '../database.ts';
import { readError } from '../read-error.ts';
import { type CsvDialect, readCsvSql, sniffCsv } from './csv-dialect.ts';
import type { CsvOptions } from './input-options.ts';
import { countMalformedRows, type MalformedRows } from './malformed-row.ts';

/** A SELECT over text files, and the rows of them that it left out. */
export interface StagedSelect {
  readonly columns: readonly Column[];
  readonly malformed: MalformedRows;
}

/**
 * Copies CSV files into one typed Parquet file, `target`, rows in order.
 *
 * Types come from the first 20,480 rows of each file. Where a later row does not fit, the column is
 * read again as text: whether that matters is for the features to say, row by row.
 */
export async function stageCsv(
  database: Database,
  sources: readonly SourceFile[],
  options: CsvOptions,
  target: string,
): Promise<StagedSelect> {
  let typed: CsvDialect[] = [];
  for (const { path } of sources) typed.push(await sniffCsv(database, path, options));
  for (;;) {
    const columns = unifyColumns(typed);
    await copyCsv(database, sources, typed, columns, options, target);
    const asText = (await uncastableColumns(database)).filter((name) => options.types?.[name] === undefined);
    const changed = columns.some(({ name, type }) => type !== 'VARCHAR' && asText.includes(name));
    if (!changed) return { columns, malformed: await countMalformedRows(database, MALFORMED_SQL) };
    typed = typed.map((dialect) => ({
      ...dialect,
      columns: dialect.columns.map((column) =>
        asText.includes(column.name) ? { ...column, type: 'VARCHAR' } : column,
      ),
    }));
  }
}

async function copyCsv(
  database: Database,
  sources: readonly SourceFile[],
  dialects: readonly CsvDialect[],
  columns: readonly Column[],
  options: CsvOptions,
  target: string,
): Promise<void> {
  const typeOf = new Map(columns.map(({ name, type }) => [name, type]));
  const groups = new Map<string, { dialect: CsvDialect; paths: string[] }>();
  sources.forEach(({ path }, index) => {
    const sniffed = dialects[index];
    if (sniffed === undefined) return;
    const dialect = {
      ...sniffed,
      columns: sniffed.columns.map(({ name }) => ({ name, type: typeOf.get(name) ?? 'VARCHAR' })),
    };
    const last = [...groups.values()].at(-1);
    if (last !== undefined && JSON.stringify(last.dialect) === JSON.stringify(dialect)) last.paths.push(path);
    else groups.set(String(index), { dialect, paths: [path] });
  });
  const selects = [...groups.values()].map(
    ({ dialect, paths }) => `SELECT * FROM ${readCsvSql(paths, dialect, options)}`,
  );
  await dropRejects(database);
  try {
    await copyToStaged(database, selects.join(' UNION ALL BY NAME '), target);
  } catch (error) {
    throw readError(error, sources.map(({ path }) => path).join(', '));
  }
}

/** The Parquet copy is read a few times and then deleted: quick compression, row groups of DuckDB's own size. */
export async function copyToStaged(database: Database, select: string, target: string): Promise<void> {
  const path = target.replaceAll("'", "''");
  await database.run(
    `COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880)`,
  );
}

/** Columns of all files by name. Types that differ become the wider number, or text. */
function unifyColumns(dialects: readonly CsvDialect[]): Column[] {
  const types = new Map<string, string>();
  for (const { columns } of dialects) {
    for (const { name, type } of columns) types.set(name, widerType(types.get(name), type));
  }
  return [...types].map(([name, type]) => ({ name, type }));
}

function widerType(known: string | undefined, type: string): string {
  if (known === undefined || known === type) return type;
  const numeric = new Set(['BIGINT', 'DOUBLE', 'HUGEINT']);
  return numeric.has(known) && numeric.has(type) ? 'DOUBLE' : 'VARCHAR';
}

async function dropRejects(database: Database): Promise<void> {
  await database.run('DROP TABLE IF EXISTS reject_errors');
  await database.run('DROP TABLE IF EXISTS reject_scans');
}

async function uncastableColumns(database: Database): Promise<string[]> {
  const rows = await database.rows(
    "SELECT DISTINCT column_name FROM reject_errors WHERE error_type = 'CAST' ORDER BY ALL",
  );
  return rows.map((row) => String(row.column_name));
}

/**
 * A row with several errors is one malformed row: the first error is its reason. Of the errors for each
 * field too many, the last one has the number of fields.
 */
const MALFORMED_SQL = `
  SELECT file_path AS file, line, trim(min_by(csv_line, column_idx), chr(10) || chr(13)) AS text, min_by(CASE
      WHEN error_type IN ('TOO MANY COLUMNS', 'MISSING COLUMNS') THEN regexp_replace(
        error_message, 'Expected Number of Columns: (\\d+) Found: (\\d+)', 'has \\2 fields; expected \\1')
      WHEN error_type = 'UNQUOTED VALUE' THEN 'has a quote that is never closed'
      ELSE error_message END, if(error_type = 'TOO MANY COLUMNS', -column_idx, column_idx)) AS reason
  FROM reject_errors JOIN (SELECT DISTINCT scan_id, file_id, file_path FROM reject_scans) USING (scan_id, file_id)
  GROUP BY file_path, line`;
