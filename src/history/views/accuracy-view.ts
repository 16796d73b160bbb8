import { join } from 'node:path';
import { type AccuracyRecord, readAccuracyRecords } from '../../accuracy/accuracy-record.ts';
import { fetchContents } from '../../core/files/mirror.ts';
import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import { runPaths } from '../../runs/layout.ts';
import { listRunIds } from '../../runs/list/run-folders.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { HistoryJob } from '../history-jobs.ts';
import { fillTable, type HistoryColumn } from './fill-table.ts';

/** A record of a run, and the file that its segments stand in. */
interface Scored {
  readonly job: string;
  readonly record: AccuracyRecord;
  readonly isNewest: boolean;
  readonly file: string;
}

const column = (
  name: string,
  type: string,
  value: HistoryColumn<Scored>['value'],
): HistoryColumn<Scored> => ({ name, type, value });

const OF_RECORD: readonly HistoryColumn<Scored>[] = [
  column('job', 'VARCHAR', ({ job }) => job),
  column('run_id', 'VARCHAR', ({ record }) => record.runId),
  column('record', 'INTEGER', ({ record }) => record.number),
  column('is_newest', 'BOOLEAN', ({ isNewest }) => isNewest),
  column('scored_at', 'TIMESTAMPTZ', ({ record }) => record.scoredAt),
  column('actuals_version', 'VARCHAR', ({ record }) => record.version),
  column('actuals_until', 'TIMESTAMP', ({ record }) => record.actualsUntil),
  column('origin', 'TIMESTAMP', ({ record }) => record.origin),
  column('published_at', 'TIMESTAMPTZ', ({ record }) => record.publishedAt),
  column('afterwards', 'BIGINT', ({ record }) => record.afterwards),
];

/** As accuracy/figures.ts makes them. */
const OF_SEGMENT: readonly (readonly [name: string, type: string])[] = [
  ['segment_by', 'VARCHAR'],
  ['segment', 'VARCHAR'],
  ['predictions', 'BIGINT'],
  ['scored', 'BIGINT'],
  ['absolute_error', 'DOUBLE'],
  ['absolute_actual', 'DOUBLE'],
  ['wape', 'DOUBLE'],
  ['mae', 'DOUBLE'],
  ['bias', 'DOUBLE'],
  ['bias_share', 'DOUBLE'],
  ['rmsse', 'DOUBLE'],
  ['naive_scored', 'BIGINT'],
  ['naive_absolute_error', 'DOUBLE'],
  ['absolute_error_beside_naive', 'DOUBLE'],
  ['naive_wape', 'DOUBLE'],
  ['naive_mae', 'DOUBLE'],
  ['naive_rmsse', 'DOUBLE'],
  ['skill', 'DOUBLE'],
  ['quantiles', 'STRUCT(quantile DOUBLE, "column" VARCHAR, scored BIGINT, pinball DOUBLE, below DOUBLE)[]'],
  [
    'intervals',
    'STRUCT("level" DOUBLE, "lower" VARCHAR, "upper" VARCHAR, scored BIGINT, coverage DOUBLE, width DOUBLE)[]',
  ],
];

export const ACCURACY_COLUMNS = [...OF_RECORD.map(({ name }) => name), ...OF_SEGMENT.map(([name]) => name)];

/** Holds the records while the table is made. */
const RECORDS = 'serve_batch_accuracy_records';

/** Makes the table `accuracy`: one row for each segment of each record of each run. */
export async function createAccuracy(database: Database, jobs: readonly HistoryJob[]): Promise<void> {
  const files: string[] = [];
  const noting = async function* (): AsyncGenerator<readonly Scored[]> {
    for await (const scored of scoredRuns(jobs)) {
      files.push(...scored.map(({ file }) => file));
      yield scored;
    }
  };
  await fillTable(database, RECORDS, [...OF_RECORD, column('file', 'VARCHAR', ({ file }) => file)], noting());
  await fetchContents(files);
  const names = OF_SEGMENT.map(([name]) => `found.${quoteName(name)}`);
  const none = OF_SEGMENT.map(([name, type]) => `CAST(NULL AS ${type}) AS ${quoteName(name)}`);
  const read = `read_parquet(${quoteFiles([...new Set(files)])}, filename = true, union_by_name = true)`;
  const found = files.length === 0 ? `(SELECT ${none.join(', ')}, '' AS filename WHERE false)` : read;
  await database.run(
    `CREATE TABLE accuracy AS SELECT ${RECORDS}.* EXCLUDE (file), ${names.join(', ')}
     FROM ${RECORDS} JOIN ${found} AS found ON ${RECORDS}.file = found.filename`,
  );
  await database.run(`DROP TABLE ${RECORDS}`);
}

async function* scoredRuns(jobs: readonly HistoryJob[]): AsyncGenerator<readonly Scored[]> {
  for (const { job, folderOfJob } of jobs)
    for (const runId of await listRunIds(folderOfJob)) {
      const folder = runPaths(folderOfJob, runId).accuracy;
      const records = await readAccuracyRecords(folder);
      yield records.map((record) => ({
        ...{ job, record, isNewest: record === records.at(-1) },
        file: join(folder, record.segments),
      }));
    }
}
