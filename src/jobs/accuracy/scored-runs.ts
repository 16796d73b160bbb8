import { newestAccuracy } from '../../accuracy/accuracy-record.ts';
import { timeZoneOf } from '../../config/bind-job.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import type { RunAccuracy } from '../../core/accuracy.ts';
import type { Clock } from '../../core/effects.ts';
import { runPaths } from '../../runs/layout.ts';
import { listRuns } from '../../runs/list/run-list.ts';
import { folderOfJob } from '../plan/locations.ts';
import { oneForEachOrigin } from './calibrate.ts';
import { SEEN_BY_READERS } from './score-runs.ts';

/** Runs that are looked through for scored ones: the newest have no actuals yet. */
const LOOKED_THROUGH = 100;

/**
 * The newest scored runs that readers saw, one for each occurrence, newest first.
 * @param before only runs that were made before this, in the time zone of the job; null: all
 */
export async function newestScored(
  spec: Pick<JobSpec, 'name' | 'output' | 'schedule'>,
  { before, count, clock }: { readonly before: string | null; readonly count: number; readonly clock: Clock },
): Promise<readonly RunAccuracy[]> {
  const folder = folderOfJob(spec);
  const runs = await listRuns(folder, clock, { statuses: SEEN_BY_READERS, limit: LOOKED_THROUGH });
  const scored: RunAccuracy[] = [];
  for (const { runId, origin } of oneForEachOrigin(runs, timeZoneOf(spec))) {
    if (scored.length === count) break;
    if (before !== null && origin >= before) continue;
    const record = await newestAccuracy(runPaths(folder, runId).accuracy);
    if (record !== undefined && record.whole.scored > 0) scored.push({ runId, whole: record.whole });
  }
  return scored;
}
