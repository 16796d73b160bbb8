import { quoteName, quoteText } from '../core/sql.ts';
import { listRuns } from '../runs/ledger.ts';
import type { Database } from '../source/database.ts';
import type { HistoryJob } from './history-jobs.ts';
import { RUN_COLUMNS } from './run-columns.ts';

/** Rows that go to DuckDB in one piece of JSON. */
const ROWS_AT_ONCE = 500;

/**
 * Makes the table `runs`. It is filled at once and by the ledger, not by DuckDB from run.json: what became
 * of a run stands in several files, and in the lock.
 */
export async function createRuns(database: Database, jobs: readonly HistoryJob[]): Promise<void> {
  const columns = RUN_COLUMNS.map(({ name, type }) => `${quoteName(name)} ${type}`);
  await database.run(`CREATE TABLE runs (${columns.join(', ')})`);
  const shape = JSON.stringify([Object.fromEntries(RUN_COLUMNS.map(({ name, type }) => [name, type]))]);
  for (const { folderOfJob } of jobs) {
    const runs = await listRuns(folderOfJob);
    for (let start = 0; start < runs.length; start += ROWS_AT_ONCE) {
      const rows = runs
        .slice(start, start + ROWS_AT_ONCE)
        .map((run) => Object.fromEntries(RUN_COLUMNS.map(({ name, value }) => [name, value(run) ?? null])));
      await database.connection.run(
        `INSERT INTO runs SELECT unnest(from_json($1, ${quoteText(shape)}), max_depth := 2)`,
        [JSON.stringify(rows)],
      );
    }
  }
}
