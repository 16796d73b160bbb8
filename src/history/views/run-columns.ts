import type { RunSummary } from '../../runs/list/run-summary.ts';
import type { HistoryColumn } from './fill-table.ts';

/** A column of the view `runs`. */
export type RunColumn = HistoryColumn<RunSummary>;

const column = (name: string, type: string, value: RunColumn['value']): RunColumn => ({ name, type, value });

/** One row a run. Times are instants; what a run does not have, or does not have yet, is null. */
export const RUN_COLUMNS: readonly RunColumn[] = [
  column('job', 'VARCHAR', ({ job }) => job),
  column('run_id', 'VARCHAR', ({ runId }) => runId),
  column('occurrence', 'TIMESTAMPTZ', ({ occurrence }) => occurrence),
  column('status', 'VARCHAR', ({ status }) => status),
  column('created_at', 'TIMESTAMPTZ', ({ createdAt }) => createdAt || null),
  column('started_at', 'TIMESTAMPTZ', ({ record }) => record?.startedAt),
  column('finished_at', 'TIMESTAMPTZ', ({ record }) => record?.finishedAt),
  column('published_at', 'TIMESTAMPTZ', ({ publishedAt }) => publishedAt),
  column('duration_seconds', 'DOUBLE', ({ record }) => record?.durationSeconds),
  column('first_row_seconds', 'DOUBLE', ({ record }) => record?.firstRowSeconds),
  column('rows_planned', 'BIGINT', ({ plan }) => plan?.rows),
  column('rows_in', 'BIGINT', ({ record }) => record?.rowsIn),
  column('rows_out', 'BIGINT', ({ record }) => record?.rowsOut),
  column('rejects', 'BIGINT', ({ record }) => record?.rejects),
  column('rows_per_second', 'DOUBLE', ({ record }) => record?.throughputRowsPerSecond),
  column('coverage', 'DOUBLE', ({ record }) => record?.coverage?.ratio),
  column('coverage_expected', 'BIGINT', ({ record }) => record?.coverage?.expected),
  column('coverage_present', 'BIGINT', ({ record }) => record?.coverage?.present),
  column('shards', 'INTEGER', ({ record }) => record?.shards.total),
  column('shards_reused', 'INTEGER', ({ record }) => record?.shards.reused),
  column('shards_retried', 'INTEGER', ({ record }) => record?.shards.retried),
  column('read_seconds', 'DOUBLE', ({ record }) => record?.stages.read),
  column('features_seconds', 'DOUBLE', ({ record }) => record?.stages.features),
  column('infer_seconds', 'DOUBLE', ({ record }) => record?.stages.infer),
  column('write_seconds', 'DOUBLE', ({ record }) => record?.stages.write),
  column('stage_seconds', 'DOUBLE', ({ record }) => record?.stages.stage),
  column('batch_size', 'INTEGER', ({ record, plan }) => record?.batchSize ?? plan?.batchSize),
  column('batch_p50_ms', 'DOUBLE', ({ record }) => record?.batchLatencyMs.p50),
  column('batch_p95_ms', 'DOUBLE', ({ record }) => record?.batchLatencyMs.p95),
  column('batch_p99_ms', 'DOUBLE', ({ record }) => record?.batchLatencyMs.p99),
  column('batch_max_ms', 'DOUBLE', ({ record }) => record?.batchLatencyMs.max),
  column('peak_memory_bytes', 'BIGINT', ({ record }) => record?.peakMemoryBytes),
  column('model_path', 'VARCHAR', ({ record, plan }) => record?.model.path ?? plan?.modelPath),
  column('model_sha256', 'VARCHAR', ({ record, plan }) => record?.model.sha256 ?? plan?.identity.modelSha256),
  column('input_paths', 'VARCHAR[]', ({ record }) => record?.input.paths),
  column(
    'input_fingerprint',
    'VARCHAR',
    ({ plan, record }) => record?.input.fingerprint ?? plan?.identity.inputFingerprint,
  ),
  column('output_path', 'VARCHAR', ({ record }) => record?.output.path),
  column('parts', 'INTEGER', ({ record }) => record?.output.parts.length),
  column('bytes', 'BIGINT', ({ record }) => record?.output.bytes),
  column('kv_url', 'VARCHAR', ({ record }) => record?.kv?.url),
  column('kv_keys', 'BIGINT', ({ record }) => record?.kv?.keys),
  column('kv_values', 'BIGINT', ({ record }) => record?.kv?.values),
  column('kv_bytes', 'BIGINT', ({ record }) => record?.kv?.bytes),
  column('serve_batch_version', 'VARCHAR', ({ record }) => record?.versions.serveBatch),
  column('error_code', 'VARCHAR', ({ failure }) => failure?.code),
  column('error', 'VARCHAR', ({ failure }) => failure?.message),
];
