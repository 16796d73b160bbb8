import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { HistoryJob } from '../history-jobs.ts';
import { filesOfRuns } from './files-of-runs.ts';

/** What is read of a shard's record, as DuckDB types. */
const FIELDS = {
  index: 'INTEGER',
  rowStart: 'BIGINT',
  rowEnd: 'BIGINT',
  attempt: 'INTEGER',
  rowsIn: 'BIGINT',
  rowsOut: 'BIGINT',
  rejects: 'BIGINT',
  part: 'STRUCT(file VARCHAR, sha256 VARCHAR, bytes BIGINT)',
  seconds: 'STRUCT(read DOUBLE, features DOUBLE, infer DOUBLE, write DOUBLE, stage DOUBLE)',
  inStatement: 'BOOLEAN',
  batchLatency: 'STRUCT("maxMs" DOUBLE)',
  peakMemoryBytes: 'BIGINT',
  host: 'VARCHAR',
  waitSeconds: 'DOUBLE',
  startedAt: 'TIMESTAMPTZ',
  finishedAt: 'TIMESTAMPTZ',
} as const;

/** A record is a few kilobytes; DuckDB sets aside twice this for each thread. */
const LARGEST_RECORD_BYTES = 1024 * 1024;

/** Columns of the view, and what of a record they show. Files lie in OUTPUT/JOB/runs/RUN/shards. */
const COLUMNS: readonly (readonly [name: string, sql: string])[] = [
  ['job', `split_part(filename, '/', -5)`],
  ['run_id', `split_part(filename, '/', -3)`],
  ['shard', '"index"'],
  ['row_start', '"rowStart"'],
  ['row_end', '"rowEnd"'],
  ['attempt', 'attempt'],
  ['rows_in', '"rowsIn"'],
  ['rows_out', '"rowsOut"'],
  ['rejects', 'rejects'],
  ['bytes', 'part.bytes'],
  ['seconds', `(epoch_ms("finishedAt") - epoch_ms("startedAt")) / 1000`],
  ['read_seconds', 'seconds.read'],
  ['features_seconds', 'seconds.features'],
  ['infer_seconds', 'seconds.infer'],
  ['write_seconds', 'seconds.write'],
  ['stage_seconds', 'seconds.stage'],
  ['in_statement', '"inStatement"'],
  ['slowest_batch_ms', '"batchLatency"."maxMs"'],
  ['peak_memory_bytes', '"peakMemoryBytes"'],
  ['host', 'host'],
  ['wait_seconds', '"waitSeconds"'],
  ['started_at', '"startedAt"'],
  ['finished_at', '"finishedAt"'],
  ['part', 'part.file'],
  ['part_sha256', 'part.sha256'],
];

export const SHARD_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

/** Makes the view `shards`: one row a shard that is committed. DuckDB reads the records when it is used. */
export async function createShards(database: Database, jobs: readonly HistoryJob[]): Promise<void> {
  const files = await filesOfRuns(database, jobs, 'shards', 'json');
  const fields = Object.entries(FIELDS).map(([name, type]) => `${quoteName(name)}: '${type}'`);
  const nothing = Object.entries(FIELDS).map(([name, type]) => `CAST(NULL AS ${type}) AS ${quoteName(name)}`);
  const source =
    files.length === 0
      ? `(SELECT ${nothing.join(', ')}, '' AS filename WHERE false)`
      : `read_json(${quoteFiles(files)}, format = 'unstructured', columns = {${fields.join(', ')}},
           filename = true, hive_partitioning = false, maximum_object_size = ${LARGEST_RECORD_BYTES})`;
  const select = COLUMNS.map(([name, sql]) => `${sql} AS ${quoteName(name)}`);
  await database.run(`CREATE VIEW shards AS SELECT ${select.join(', ')} FROM ${source}`);
}
