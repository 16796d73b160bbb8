import type { ShardPlan } from '../core/plan.ts';

/**
 * Rows of a shard where the job does not say: one row group as DuckDB writes it, so that a shard of such
 * a file reads that row group alone, and its part is one row group again. At 0.2 M rows/s a crash costs
 * less than a second a process.
 *
 * It depends on nothing else: the same input gives the same parts on every machine, in the same memory
 * whatever the size of the input.
 */
export const DEFAULT_SHARD_ROWS = 122_880;

export function planShards(rows: number, shardRows: number): readonly ShardPlan[] {
  return Array.from({ length: Math.ceil(rows / shardRows) }, (_, index) => ({
    index,
    rowStart: index * shardRows,
    rowEnd: Math.min(rows, (index + 1) * shardRows),
  }));
}
