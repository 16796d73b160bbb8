import { type OutputFileFormat, outputFileFormat } from '../../core/output-file.ts';
import type { Compression } from '../../core/plan.ts';
import { quoteFiles, quoteName } from '../../core/sql.ts';
import type { Column } from '../../core/table.ts';
import type { Database } from '../../source/database.ts';
import { type WrittenFile, writeFile, writeParquet } from './part-file.ts';

const COPY_OPTIONS: Readonly<Record<Exclude<OutputFileFormat, 'parquet'>, string>> = {
  csv: 'FORMAT csv, HEADER true',
  'csv.gz': 'FORMAT csv, HEADER true, COMPRESSION gzip',
  jsonl: 'FORMAT json',
};

/**
 * Joins parts into one file of the format that its name says, rows in order; the file appears whole or not
 * at all. `compression` is that of Parquet.
 */
export async function mergeParts(
  database: Database,
  parts: readonly string[],
  target: string,
  compression: Compression,
): Promise<WrittenFile> {
  const format = outputFileFormat(target);
  if (format === null) throw new TypeError(`${target} is the name of a folder`);
  const rows = `read_parquet(${quoteFiles(parts)})`;
  if (format === 'parquet') return writeParquet(database, `SELECT * FROM ${rows}`, target, compression);
  const columns = format === 'jsonl' ? await jsonColumns(database, rows) : '*';
  return writeFile(database, `SELECT ${columns} FROM ${rows}`, target, COPY_OPTIONS[format]);
}

async function jsonColumns(database: Database, rows: string): Promise<string> {
  const columns = await database.describe(`SELECT * FROM ${rows}`);
  return columns.map(jsonColumn).join(', ');
}

/**
 * JSON has no NaN and no infinities, which DuckDB would write all the same: they become null. A FLOAT gets
 * the digits of its text, 0.1, instead of those of the DOUBLE nearest to it.
 */
function jsonColumn({ name, type }: Column): string {
  const quoted = quoteName(name);
  const [, element, lists = ''] = /^(FLOAT|DOUBLE)((?:\[\d*\])*)$/.exec(type) ?? [];
  if (element === undefined) return quoted;
  return `${finite(quoted, lists.split('[').length - 1)} AS ${quoted}`;
}

/** @param depth of the list: 0 is a number, 1 a list of them */
function finite(value: string, depth: number): string {
  if (depth === 0) return `CASE WHEN isfinite(${value}) THEN ${value}::VARCHAR::DOUBLE END`;
  const each = `each_${depth}`;
  return `list_transform(${value}, lambda ${each}: ${finite(each, depth - 1)})`;
}
