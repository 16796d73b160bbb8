import { afterAll } from 'vitest';
import { quoteText } from '../../src/core/sql.ts';
import { Database } from '../../src/source/database.ts';
import { temporaryFolder } from './project.ts';

const opened: Database[] = [];
afterAll(() => {
  for (const database of opened.splice(0)) database.close();
});

/** A database as a child process has it, closed after the tests of the file. */
export async function openDatabase(): Promise<Database> {
  const database = await Database.open({
    threads: 1,
    memoryLimit: '512MB',
    temporaryFolder: await temporaryFolder(),
  });
  opened.push(database);
  return database;
}

/** All rows of a Parquet file, or of several read one after the other, as JSON values. */
export function parquetRows(database: Database, ...paths: string[]): Promise<Record<string, unknown>[]> {
  return database.rows(`SELECT * FROM read_parquet([${paths.map(quoteText).join(', ')}])`);
}
