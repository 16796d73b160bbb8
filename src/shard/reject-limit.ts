import { ServeBatchError } from '../core/errors.ts';
import type { InvalidRowPolicy, Plan } from '../core/plan.ts';
import type { ShardRecord } from '../runs/record/shard-record.ts';

/** Rejects of a run so far, those of staging included. */
export function rejectsOf(plan: Plan, shards: Iterable<ShardRecord>): number {
  let rejects = plan.input.stagingRejects;
  for (const shard of shards) rejects += shard.rejects;
  return rejects;
}

/** Rejects that a run may have. */
export function rejectLimit({ maxRows, maxShare }: InvalidRowPolicy, plan: Plan): number {
  return Math.min(
    maxRows ?? Number.POSITIVE_INFINITY,
    maxShare === null ? Number.POSITIVE_INFINITY : maxShare * rowsOf(plan),
  );
}

/**
 * Throws `REJECTS_OVER_LIMIT` once a run has more rejects than its job allows. The limit is the job's, not
 * the plan's: a run that ended by it continues once the limit is raised.
 */
export function assertRejectsWithin(policy: InvalidRowPolicy, plan: Plan, rejects: number): void {
  const limit = rejectLimit(policy, plan);
  if (rejects <= limit) return;
  const { maxRows, maxShare } = policy;
  const rows = rowsOf(plan);
  const allowed =
    maxShare === null ? `${maxRows}` : `${maxShare * 100}% (${Math.floor(limit)} of ${rows} rows)`;
  throw new ServeBatchError(
    'REJECTS_OVER_LIMIT',
    `${rejects} rows were rejected so far; onInvalid.max allows ${allowed}. Nothing was published. The rejected rows and their reasons are in rejects/ of run ${plan.runId}; mend them, or raise onInvalid.max.`,
    { fields: { rejects, runId: plan.runId } },
  );
}

function rowsOf({ input }: Plan): number {
  return input.rows + input.stagingRejects;
}
