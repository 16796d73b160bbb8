import type { ShardPlan } from '../core/plan.ts';

const SMALLEST_SHARD_ROWS = 50_000;
const LARGEST_SHARD_ROWS = 500_000;
const WANTED_SHARDS = 16;

/**
 * Rows of a shard where the job does not say: about a sixteenth of the input, from 50,000 (below that,
 * opening files is most of the work) to 500,000 (what a crash may cost, and what memory must hold).
 *
 * It depends on the input's rows alone: the same input gives the same parts on every machine.
 */
export function defaultShardRows(rows: number): number {
  const share = Math.ceil(rows / WANTED_SHARDS);
  return Math.min(LARGEST_SHARD_ROWS, Math.max(SMALLEST_SHARD_ROWS, share));
}

export function planShards(rows: number, shardRows: number): readonly ShardPlan[] {
  return Array.from({ length: Math.ceil(rows / shardRows) }, (_, index) => ({
    index,
    rowStart: index * shardRows,
    rowEnd: Math.min(rows, (index + 1) * shardRows),
  }));
}
