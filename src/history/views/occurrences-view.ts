import { systemClock } from '../../core/effects.ts';
import { listOccurrences, type OccurrenceSummary } from '../../runs/occurrence/list-occurrences.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { HistoryJob } from '../history-jobs.ts';
import { fillTable, type HistoryColumn } from './fill-table.ts';

type Value = HistoryColumn<OccurrenceSummary>['value'];

const column = (name: string, type: string, value: Value): HistoryColumn<OccurrenceSummary> => ({
  name,
  type,
  value,
});

export const OCCURRENCE_COLUMNS: readonly HistoryColumn<OccurrenceSummary>[] = [
  column('job', 'VARCHAR', ({ job }) => job),
  column('occurrence', 'TIMESTAMPTZ', ({ occurrence }) => occurrence),
  column('first_occurrence', 'TIMESTAMPTZ', ({ firstOccurrence }) => firstOccurrence),
  column('count', 'BIGINT', ({ count }) => count),
  column('state', 'VARCHAR', ({ status }) => status),
  column('attempts', 'INTEGER', ({ attempts }) => attempts),
  column('run_id', 'VARCHAR', ({ runId }) => runId),
  column('error_code', 'VARCHAR', ({ error }) => error?.code),
  column('error', 'VARCHAR', ({ error }) => error?.message),
  column('next_try_at', 'TIMESTAMPTZ', ({ nextAttemptAt }) => nextAttemptAt),
  column('noted_at', 'TIMESTAMPTZ', ({ at }) => at),
];

/** Makes the table `occurrences`: one row for each that something is known of, or for several in a row that nobody ran. */
export async function createOccurrences(database: Database, jobs: readonly HistoryJob[]): Promise<void> {
  await fillTable(database, 'occurrences', OCCURRENCE_COLUMNS, occurrencesOf(jobs));
}

async function* occurrencesOf(jobs: readonly HistoryJob[]) {
  for (const { folderOfJob } of jobs) yield await listOccurrences(folderOfJob, systemClock);
}
