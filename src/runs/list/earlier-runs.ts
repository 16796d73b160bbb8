import { type Clock, systemClock } from '../../core/effects.ts';
import type { RunIdentity } from '../../core/plan.ts';
import { runPaths } from '../layout.ts';
import type { RunRecord } from '../record/run-record.ts';
import { type PlanIndex, readPlanIndex } from './plan-index.ts';
import { newestFirst, slicesOf } from './run-list.ts';
import { type RunSummary, readJobState, readRunSummary } from './run-summary.ts';

/**
 * The runs whose plans hold a value somewhere, and those of which no plan can be read, newest first. Each is
 * read, from its folder alone, when it is asked for: whoever finds what he looks for stops.
 */
export async function* runsHolding(
  folderOfJob: string,
  index: PlanIndex,
  value: string | null,
  clock: Clock = systemClock,
): AsyncGenerator<RunSummary> {
  const state = await readJobState(folderOfJob, clock);
  const runIds = index.runIds.filter((runId) => index.mayHold(runId, value));
  for (const some of slicesOf(runIds, 1)) {
    const read = some.map((runId) => readRunSummary(runPaths(folderOfJob, runId), state));
    yield* (await Promise.all(read)).sort(newestFirst);
  }
}

/** The newest run that computes, or computed, exactly this. */
export async function findRunByIdentity(
  folderOfJob: string,
  index: PlanIndex,
  identity: RunIdentity,
  isWanted: (run: RunSummary) => boolean = () => true,
): Promise<RunSummary | undefined> {
  for await (const run of runsHolding(folderOfJob, index, identity.inputFingerprint)) {
    if (isSameIdentity(run.plan?.identity ?? run.record?.identity, identity) && isWanted(run)) return run;
  }
  return undefined;
}

/** What the newest failed run of an occurrence (null: of none) had done by then; null where there is none. */
export async function failedRecord(
  folderOfJob: string,
  occurrence: string | null,
  clock: Clock = systemClock,
): Promise<RunRecord | null> {
  const index = await readPlanIndex(folderOfJob);
  for await (const run of runsHolding(folderOfJob, index, occurrence, clock)) {
    if (run.occurrence === occurrence && run.status === 'failed' && !run.isCandidate)
      return run.record ?? null;
  }
  return null;
}

function isSameIdentity(a: RunIdentity | undefined, b: RunIdentity): boolean {
  return (
    a?.inputFingerprint === b.inputFingerprint &&
    a.modelSha256 === b.modelSha256 &&
    a.specSha256 === b.specSha256 &&
    a.occurrence === b.occurrence &&
    a.window === b.window
  );
}
