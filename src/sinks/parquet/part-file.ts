import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { commitFile, makeFolder, temporaryName } from '../../core/files/durable-file.ts';
import type { Compression } from '../../core/plan.ts';
import { quoteText } from '../../core/text/sql.ts';
import { sha256OfFile } from '../../runs/record/hash-file.ts';
import type { Database } from '../../source/duckdb/database.ts';

/** Rows of a row group: DuckDB's own default, written down since the bytes depend on it. */
const ROW_GROUP_ROWS = 122_880;

export interface WrittenFile {
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Writes a SELECT as a Parquet file under its final name, durably. One thread gives the same bytes
 * every time; several would not, so the database must have one.
 */
export function writeParquet(
  database: Database,
  select: string,
  path: string,
  compression: Compression,
  beforeCommit?: () => Promise<void>,
): Promise<WrittenFile> {
  const codec = compression === 'none' ? 'uncompressed' : compression;
  return writeFile(
    database,
    select,
    path,
    `FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`,
    beforeCommit,
  );
}

/**
 * As {@link writeParquet}, with the options of any COPY.
 * @param beforeCommit what it throws keeps the file from its final name
 */
export async function writeFile(
  database: Database,
  select: string,
  path: string,
  copyOptions: string,
  beforeCommit: () => Promise<void> = async () => {},
): Promise<WrittenFile> {
  await makeFolder(dirname(path));
  const temporary = temporaryName(path);
  try {
    await database.run(`COPY (${select}) TO ${quoteText(temporary)} (${copyOptions})`);
    const written = { sha256: await sha256OfFile(temporary), bytes: (await stat(temporary)).size };
    await beforeCommit();
    await commitFile(temporary, path);
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
