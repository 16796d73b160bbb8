import { z } from 'zod';
import { type Clock, systemClock } from '../../core/effects.ts';
import { readJsonIfValid } from '../json-file.ts';
import { runPaths } from '../layout.ts';
import { readCurrent } from '../publication.ts';
import { runIdTime } from '../run-id.ts';
import { readPlanIndex } from './plan-index.ts';
import { isCommitted } from './run-status.ts';
import { type RunSummary, readJobState, readRunSummary } from './run-summary.ts';

/** All that is read of the plan of the published run. */
const planSchema = z.object({ identity: z.object({ occurrence: z.string().nullable().default(null) }) });

/**
 * The runs of occurrences, newest first. Without `among`, those of all occurrences. One that
 * was begun ahead of its occurrence, by hand, does not count: it may have had the data of another week. Neither does a
 * candidate.
 */
export async function runsOfOccurrences(
  folderOfJob: string,
  among?: readonly Date[],
  clock: Clock = systemClock,
): Promise<RunSummary[]> {
  const wanted = among && new Set(among.map((each) => each.getTime()));
  const begunFrom = earliestRun(among);
  const state = await readJobState(folderOfJob, clock);
  const index = await readPlanIndex(folderOfJob);
  const runs: RunSummary[] = [];
  for (const runId of index.runIds) {
    if ((runIdTime(runId) ?? '') < begunFrom) continue;
    const occurrence = index.occurrenceOf(runId);
    if (occurrence === null || isAhead(runId, occurrence)) continue;
    if (wanted?.has(Date.parse(occurrence)) === false) continue;
    const run = await readRunSummary(runPaths(folderOfJob, runId), state, index.planOf(runId));
    if (!run.isCandidate) runs.push(run);
  }
  return runs;
}

/** The occurrences that {@link runsOfOccurrences} finds runs of, without opening these. */
export async function occurrencesWithRuns(folderOfJob: string): Promise<ReadonlySet<string>> {
  const index = await readPlanIndex(folderOfJob);
  const found = index.runIds.map((runId) => ({ runId, occurrence: index.occurrenceOf(runId) }));
  return new Set(
    found.flatMap(({ runId, occurrence }) =>
      occurrence === null || isAhead(runId, occurrence) ? [] : [occurrence],
    ),
  );
}

/** None is looked for farther back: ids tell the time to the second. */
function earliestRun(among: readonly Date[] | undefined): string {
  if (among === undefined || among.length === 0) return '';
  const oldest = among.reduce((first, each) => Math.min(first, each.getTime()), Number.POSITIVE_INFINITY);
  return wholeSeconds(new Date(oldest).toISOString());
}

export function isAhead(runId: string, occurrence: string): boolean {
  return (runIdTime(runId) ?? '') < wholeSeconds(occurrence);
}

function wholeSeconds(instant: string): string {
  return new Date(Math.floor(Date.parse(instant) / 1000) * 1000).toISOString();
}

/** The newest committed run of an occurrence (ISO 8601 in UTC), published or not. */
export async function findCommittedRun(
  folderOfJob: string,
  occurrence: string,
  clock: Clock = systemClock,
): Promise<RunSummary | undefined> {
  const runs = await runsOfOccurrences(folderOfJob, [new Date(occurrence)], clock);
  return runs.find(({ status }) => isCommitted(status));
}

/** The occurrence that the published run is for; null where it is for none, or nothing is published. */
export async function publishedOccurrence(folderOfJob: string): Promise<string | null> {
  const current = await readCurrent(folderOfJob);
  if (current === undefined) return null;
  const { plan } = runPaths(folderOfJob, current);
  return (await readJsonIfValid(plan, planSchema))?.identity.occurrence ?? null;
}

/**
 * The newer occurrence that readers see; null: they see none. One of the future is not newer: it was published
 * under a clock that was wrong, or ahead of its time.
 */
export async function newerPublished(
  folderOfJob: string,
  occurrence: string,
  clock: Clock,
): Promise<string | null> {
  const published = await publishedOccurrence(folderOfJob);
  if (published === null || published <= occurrence) return null;
  return published <= clock.now().toISOString() ? published : null;
}
