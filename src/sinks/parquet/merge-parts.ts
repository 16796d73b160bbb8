import type { Compression } from '../../core/plan.ts';
import { quoteFiles } from '../../core/sql.ts';
import type { Database } from '../../source/database.ts';
import { type WrittenFile, writeParquet } from './part-file.ts';

/** Joins parts into one Parquet file, rows in order; the file appears whole or not at all. */
export async function mergeParts(
  database: Database,
  parts: readonly string[],
  target: string,
  compression: Compression,
): Promise<WrittenFile> {
  return writeParquet(database, `SELECT * FROM read_parquet(${quoteFiles(parts)})`, target, compression);
}
