import type { Clock } from '../../core/effects.ts';
import { runsOfOccurrences } from '../list/occurrence-runs.ts';
import { isCommitted, type RunStatus } from '../list/run-status.ts';

export interface RunOfOccurrence {
  readonly runId: string;
  readonly status: RunStatus;
}

/**
 * The run of each occurrence (ISO 8601): the published one, else the newest that is committed and was not
 * rolled back, else the newest that is committed, else the newest.
 */
export async function runsByOccurrence(
  folderOfJob: string,
  clock: Clock,
  among?: readonly Date[],
): Promise<Map<string, RunOfOccurrence>> {
  const found = new Map<string, RunOfOccurrence>();
  for (const { occurrence, runId, status } of await runsOfOccurrences(folderOfJob, among, clock)) {
    if (occurrence === null) continue;
    const known = found.get(occurrence);
    if (known === undefined || rank(status) < rank(known.status)) found.set(occurrence, { runId, status });
  }
  return found;
}

/** Runs come newest first: of one rank, the first that is seen stays. */
function rank(status: RunStatus): number {
  if (status === 'published') return 0;
  if (status === 'rolled back') return 2;
  return isCommitted(status) ? 1 : 3;
}
