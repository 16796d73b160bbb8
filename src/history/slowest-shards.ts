import type { RunPaths } from '../runs/layout.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { readCommittedShards, type ShardRecord } from '../runs/record/shard-record.ts';

/** One shard of a run, for people. */
export interface ShardSummary {
  readonly shard: number;
  readonly rowsIn: number;
  readonly rejects: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** Computed by an earlier command than the one that finished the run. */
  readonly reused: boolean;
  readonly seconds: number;
  readonly infer: number;
  readonly slowestBatchMs: number;
}

/** The shards that took longest, at most `most`. Empty where the plan or the records cannot be read. */
export async function slowestShards(
  paths: RunPaths,
  startedAt: string | undefined,
  most: number,
): Promise<readonly ShardSummary[]> {
  const plan = await readPlan(paths.plan).catch(() => null);
  if (plan === null) return [];
  const records = await readCommittedShards(paths, plan, { verify: false });
  return [...records.values()]
    .map((record) => summary(record, startedAt))
    .sort((a, b) => b.seconds - a.seconds || a.shard - b.shard)
    .slice(0, most);
}

function summary(record: ShardRecord, runStartedAt: string | undefined): ShardSummary {
  return {
    shard: record.index,
    rowsIn: record.rowsIn,
    rejects: record.rejects,
    attempt: record.attempt,
    reused: runStartedAt !== undefined && record.startedAt < runStartedAt,
    seconds: Math.max(0, (Date.parse(record.finishedAt) - Date.parse(record.startedAt)) / 1000),
    infer: record.seconds.infer,
    slowestBatchMs: record.batchLatency.maxMs,
  };
}
