import { listRuns } from '../../runs/list/run-list.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { HistoryJob } from '../history-jobs.ts';
import { fillTable } from './fill-table.ts';
import { RUN_COLUMNS } from './run-columns.ts';

/**
 * Makes the table `runs`. It is filled at once and by the ledger, not by DuckDB from run.json: what became
 * of a run stands in several files, and in the lock.
 */
export async function createRuns(database: Database, jobs: readonly HistoryJob[]): Promise<void> {
  await fillTable(database, 'runs', RUN_COLUMNS, runsOf(jobs));
}

async function* runsOf(jobs: readonly HistoryJob[]) {
  for (const { folderOfJob } of jobs) yield await listRuns(folderOfJob);
}
