import { ServeBatchError } from '../../core/errors.ts';
import type { InvalidRowPolicy, Plan } from '../../core/plan.ts';
import { formatCount, formatPercent } from '../../core/text/amounts.ts';
import type { ShardRecord } from '../../runs/record/shard-record.ts';

/** Without `onInvalid.max`: so many rejects are a mistake, and not a few bad rows. */
const DEFAULT_SHARE = 0.1;

/** Of a small table fewer rows than these are no mistake yet, whatever their share. */
const DEFAULT_ROWS = 10;

/** Rejects of a run so far, those of staging included. */
export function rejectsOf(plan: Plan, shards: Iterable<ShardRecord>): number {
  let rejects = plan.input.stagingRejects;
  for (const shard of shards) rejects += shard.rejects;
  return rejects;
}

/** Rejects that a run may have. */
export function rejectLimit(policy: InvalidRowPolicy, plan: Plan): number {
  return limitOf(policy, plan).rows;
}

/**
 * Throws `REJECTS_OVER_LIMIT` once a run has more rejects than its job allows. The limit is the job's, not
 * the plan's: a run that ended by it continues once the limit is raised.
 */
export function assertRejectsWithin(policy: InvalidRowPolicy, plan: Plan, rejects: number): void {
  const { rows, says } = limitOf(policy, plan);
  if (rejects <= rows) return;
  throw new ServeBatchError(
    'REJECTS_OVER_LIMIT',
    `${formatCount(rejects)} rows were rejected so far; ${says}. Nothing was published: readers see what they saw before. ${whereRejectsAre(plan.runId)} Mend them, or raise onInvalid.max (100% for no limit).`,
    { fields: { rejects, runId: plan.runId } },
  );
}

/**
 * Throws `NOTHING_SCORED` where a run has rows, and all of them were rejected: an empty generation would
 * take from readers what they have.
 */
export function assertSomethingScored(run: {
  readonly runId: string;
  readonly rowsOut: number;
  readonly rejects: number;
}): void {
  const { runId, rowsOut, rejects } = run;
  if (rowsOut > 0 || rejects === 0) return;
  throw new ServeBatchError(
    'NOTHING_SCORED',
    `${rejects === 1 ? 'The only row was' : `All ${formatCount(rejects)} rows were`} rejected, so the run has no predictions. Nothing was published: readers see what they saw before. ${whereRejectsAre(runId)}`,
    { fields: { runId, rejects } },
  );
}

function limitOf(
  { maxRows, maxShare }: InvalidRowPolicy,
  { input, incremental }: Plan,
): { readonly rows: number; readonly says: string } {
  const all = input.rows + input.stagingRejects;
  if (maxRows !== null) return { rows: maxRows, says: `onInvalid.max allows ${formatCount(maxRows)}` };
  if (maxShare !== null)
    return { rows: maxShare * all, says: `onInvalid.max allows ${share(maxShare, all)}` };
  // What a grid lacks is counted by coverage.min.
  if (input.grid !== null) return { rows: Number.POSITIVE_INFINITY, says: '' };
  // Each run of an incremental job rejects again what it cannot tell old from new.
  const again = incremental === null ? 0 : input.stagingRejects;
  const rows = Math.max(DEFAULT_ROWS, DEFAULT_SHARE * all) + again;
  return {
    rows,
    says: `without onInvalid.max a run may have ${share(DEFAULT_SHARE, all)}, and ${DEFAULT_ROWS} in any case`,
  };
}

function share(part: number, rows: number): string {
  return `${formatPercent(part)} (${formatCount(Math.floor(part * rows))} of ${formatCount(rows)} rows)`;
}

function whereRejectsAre(runId: string): string {
  return `The rows and their reasons: serve-batch runs show ${runId} --rejects.`;
}
