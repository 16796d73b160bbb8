import type { Database } from '../duckdb/database.ts';

/** Each scan adds to them, those of other files, too. */
export async function dropRejects(database: Database): Promise<void> {
  await database.run('DROP TABLE IF EXISTS reject_errors');
  await database.run('DROP TABLE IF EXISTS reject_scans');
}

/** Whether the scans since then set rows aside. */
export async function hasRejects(database: Database): Promise<boolean> {
  const [found] = await database.rows('SELECT count(*) AS n FROM reject_errors');
  return Number(found?.n) > 0;
}
