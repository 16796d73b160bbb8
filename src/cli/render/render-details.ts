import type { RejectReasons } from '../../history/run-rejects.ts';
import type { ShardSummary } from '../../history/slowest-shards.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { formatCount, formatSeconds, formatTable } from './format.ts';

/** The tables that `runs show` adds to the record of a run. */
export function renderDetails(
  record: RunRecord,
  shards: readonly ShardSummary[],
  rejects: RejectReasons,
): string {
  return [
    `\n${stageTable(record)}`,
    ...(shards.length === 0 ? [] : [`\n${shardTable(shards, record.shards.total)}`]),
    ...(rejects.top.length === 0 ? [] : [`\n${rejectTable(rejects)}`]),
  ].join('');
}

function stageTable({ stages }: RunRecord): string {
  const total = Object.values(stages).reduce((sum, seconds) => sum + seconds, 0);
  return formatTable(
    ['STAGE', 'WORK', 'SHARE'],
    Object.entries(stages).map(([stage, seconds]) => [
      stage,
      formatSeconds(seconds),
      total === 0 ? '' : `${((100 * seconds) / total).toFixed(1)}%`,
    ]),
  );
}

function shardTable(shards: readonly ShardSummary[], total: number): string {
  const table = formatTable(
    ['SHARD', 'ROWS', 'REJECTS', 'ATTEMPT', 'TIME', 'INFERENCE', 'LONGEST BATCH', 'REUSED'],
    shards.map((each) => [
      String(each.shard),
      formatCount(each.rowsIn),
      formatCount(each.rejects),
      String(each.attempt),
      formatSeconds(each.seconds),
      formatSeconds(each.infer),
      `${each.slowestBatchMs.toFixed(2)} ms`,
      each.reused ? 'yes' : '',
    ]),
  );
  return shards.length < total ? `${table}the slowest of ${formatCount(total)} shards\n` : table;
}

function rejectTable({ top, total }: RejectReasons): string {
  const table = formatTable(
    ['REJECTS', 'COLUMN', 'REASON', 'EXAMPLE'],
    top.map(({ rejects, column, reason, example }) => [
      formatCount(rejects),
      column ?? '',
      reason,
      (example ?? '').replace(/\s+/g, ' ').slice(0, 40),
    ]),
  );
  return top.length < total ? `${table}and ${formatCount(total - top.length)} more reasons\n` : table;
}
