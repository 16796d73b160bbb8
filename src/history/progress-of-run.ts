import type { RunPaths } from '../runs/layout.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { readCommittedShards } from '../runs/record/shard-record.ts';

/** How far a run came that is not committed. */
export interface RunProgress {
  readonly rows: number;
  readonly rowsPlanned: number;
  readonly shards: number;
  readonly shardsPlanned: number;
}

/** Counts the shards that need not be computed again; null where the plan is missing or damaged. */
export async function progressOfRun(paths: RunPaths): Promise<RunProgress | null> {
  const plan = await readPlan(paths.plan).catch(() => null);
  if (plan === null) return null;
  const records = [...(await readCommittedShards(paths, plan, { verify: false })).values()];
  return {
    rows: records.reduce((sum, { rowsIn }) => sum + rowsIn, 0),
    rowsPlanned: plan.input.rows,
    shards: records.length,
    shardsPlanned: plan.shards.length,
  };
}
