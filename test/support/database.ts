import { quoteText } from '../../src/core/text/sql.ts';
import { Database } from '../../src/source/duckdb/database.ts';
import { cleanUpLater } from './clean-ups.ts';
import { temporaryFolder } from './project.ts';

/** A database as a child process has it, closed after the tests of the file. */
export async function openDatabase(): Promise<Database> {
  const database = await Database.open({
    threads: 1,
    memoryLimit: '512MB',
    temporaryFolder: await temporaryFolder(),
  });
  cleanUpLater(() => database.close());
  return database;
}

/** All rows of a Parquet file, or of several read one after the other, as JSON values. */
export function parquetRows(database: Database, ...paths: string[]): Promise<Record<string, unknown>[]> {
  return database.rows(`SELECT * FROM read_parquet([${paths.map(quoteText).join(', ')}])`);
}
