import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { IncrementalPlan } from '../../core/incremental.ts';
import { runPaths } from '../layout.ts';
import type { PlanIndex } from '../list/plan-index.ts';
import { isCommitted } from '../list/run-status.ts';
import { type RunSummary, readJobState, readRunSummary } from '../list/run-summary.ts';

/** A committed run that took a part of an input that grows. */
export interface TakenRun {
  readonly summary: RunSummary;
  readonly incremental: IncrementalPlan;
}

/**
 * Finds the committed run that has the watermark: reads the runs with the highest numbers of the chain, and
 * those of which nobody can say. Throws as {@link lastTakenRun} does.
 */
export async function findLastTakenRun(
  folderOfJob: string,
  index: PlanIndex,
  clock: Clock,
): Promise<TakenRun | null> {
  const state = await readJobState(folderOfJob, clock);
  const read = (runId: string): Promise<RunSummary> => readRunSummary(runPaths(folderOfJob, runId), state);
  const without = index.runIds.filter((runId) => index.sequenceOf(runId) === undefined);
  const maybe = lastTakenRun(await Promise.all(without.map(read)));
  const sequenceOf = (runId: string): number => index.sequenceOf(runId) ?? 0;
  const chain = index.runIds.filter((runId) => sequenceOf(runId) > (maybe?.incremental.sequence ?? 0));
  for (const runId of chain.sort((a, b) => sequenceOf(b) - sequenceOf(a))) {
    const last = lastTakenRun([await read(runId)]);
    if (last !== null) return last;
  }
  return maybe;
}

/**
 * The committed run that has the watermark: the last of the chain, whatever readers see and whichever of
 * the earlier ones were deleted. Null: no run has taken anything.
 *
 * Throws `INPUT_UNREADABLE` where a committed run does not say what it took: it might be that one.
 */
export function lastTakenRun(runs: readonly RunSummary[]): TakenRun | null {
  let last: TakenRun | null = null;
  for (const summary of runs) {
    if (!isCommitted(summary.status)) continue;
    const incremental = incrementalOf(summary);
    if (incremental === null || incremental.sequence <= (last?.incremental.sequence ?? 0)) continue;
    last = { summary, incremental };
  }
  return last;
}

function incrementalOf({ plan, record, runId, job }: RunSummary): IncrementalPlan | null {
  if (plan !== undefined) return plan.incremental;
  if (record !== undefined) return record.incremental ?? null;
  throw new ServeBatchError(
    'INPUT_UNREADABLE',
    `Neither plan.json nor run.json of the run ${runId} of ${job} can be read; they may say what was taken of the input. Restore one of them, or delete the run's folder: what it took counts as new then, if it was the last.`,
    { fields: { runId } },
  );
}
