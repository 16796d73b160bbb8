import {
  DuckDBArrayType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import { type OutputFileFormat, outputFileFormat } from '../../core/files/output-file.ts';
import type { Compression } from '../../core/plan.ts';
import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
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
  const columns = await database.columnTypes(`SELECT * FROM ${rows}`);
  return columns.map(({ name, type }) => jsonColumn(name, type)).join(', ');
}

/**
 * JSON has no NaN and no infinities, which DuckDB would write all the same: they become null. A FLOAT gets
 * the digits of its text, 0.1, instead of those of the DOUBLE nearest to it.
 */
function jsonColumn(name: string, type: DuckDBType): string {
  const quoted = quoteName(name);
  return hasFloats(type) ? `${finite(quoted, type, 0)} AS ${quoted}` : quoted;
}

/** `depth`: in how many lists the value stands, which names the parameters of lambdas apart. */
function finite(value: string, type: DuckDBType, depth: number): string {
  if (!hasFloats(type)) return value;
  const each = `each_${depth}`;
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType)
    return `list_transform(${value}, lambda ${each}: ${finite(each, type.valueType, depth + 1)})`;
  if (type instanceof DuckDBMapType) {
    const entry = `{key: ${each}.key, value: ${finite(`${each}.value`, type.valueType, depth + 1)}}`;
    return `map_from_entries(list_transform(map_entries(${value}), lambda ${each}: ${entry}))`;
  }
  if (!(type instanceof DuckDBStructType))
    return `CASE WHEN isfinite(${value}) THEN ${value}::VARCHAR::DOUBLE END`;
  const members = type.entryNames.map((name, index) => {
    const member = quoteName(name);
    return `${member} := ${finite(`(${value}).${member}`, type.entryTypes[index] ?? type, depth)}`;
  });
  return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${members.join(', ')}) END`;
}

function hasFloats(type: DuckDBType): boolean {
  if (type instanceof DuckDBStructType) return type.entryTypes.some(hasFloats);
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType || type instanceof DuckDBMapType)
    return hasFloats(type.valueType);
  return type.typeId === DuckDBTypeId.FLOAT || type.typeId === DuckDBTypeId.DOUBLE;
}
