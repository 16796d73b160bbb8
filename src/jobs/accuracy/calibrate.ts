import type { Calibration } from '../../accuracy/calibrate.ts';
import { STEPS_BACK } from '../../accuracy/conformal.ts';
import { timeZoneOf } from '../../config/bind-job.ts';
import type { BoundJob } from '../../config/job-spec.ts';
import { listRuns } from '../../runs/list/run-list.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import type { Workers } from '../../tasks/workers.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { folderOfJob } from '../plan/locations.ts';
import { originOfRun, SEEN_BY_READERS } from './score-runs.ts';
import { actualsNow } from './score-when-due.ts';

/** Runs that may have no actuals yet: the newest of a job that runs each day and looks weeks ahead. */
const UNKNOWN_RUNS = 40;

/** What a plan says of intervals, as far as earlier runs decide it, and when the run is made. */
export interface CalibratedRun extends Calibration {
  /** In the time zone of the job, without one. */
  readonly origin: string;
}

/**
 * Looks at the errors of earlier published runs, where the job asks for intervals; else null. By what was known when
 * the run is made: at its occurrence, where it has one.
 * @param workers whose folder is that of the job
 */
export async function calibrateRun(
  spec: BoundJob,
  createdAt: string,
  workers: Workers,
): Promise<CalibratedRun | null> {
  const { actuals, intervals } = spec;
  if (intervals === null || actuals === null) return null;
  const timeZone = timeZoneOf(spec);
  const origin = originOfRun({ occurrence: spec.occurrence, createdAt }, timeZone);
  const none = { groups: [], runs: [], origin };
  const tables = await actualsNow(actuals.source);
  if (tables === null) return { ...none, why: 'there are no actuals yet' };
  const runs = await listRuns(folderOfJob(spec), undefined, { statuses: SEEN_BY_READERS });
  const earlier = oneForEachOrigin(runs, timeZone).filter((run) => run.origin < origin);
  const calibration = await workers.runRetrying('calibrate', {
    ...{ actuals, intervals, tables, origin, memoryLimit: memoryLimitOf(spec) },
    externalAccess: spec.features.externalAccess,
    runs: earlier.slice(0, intervals.runs + STEPS_BACK + UNKNOWN_RUNS),
  });
  return { ...calibration, origin };
}

/** Newest first. Of several runs of one origin, the one that readers saw last. */
export function oneForEachOrigin(
  runs: readonly RunSummary[],
  timeZone: string,
): readonly { readonly runId: string; readonly origin: string }[] {
  const byOrigin = new Map<string, RunSummary>();
  for (const run of runs) {
    const origin = originOfRun(run, timeZone);
    const known = byOrigin.get(origin);
    if (known === undefined || (run.publishedAt ?? '') > (known.publishedAt ?? '')) byOrigin.set(origin, run);
  }
  return [...byOrigin].sort(([a], [b]) => (a < b ? 1 : -1)).map(([origin, { runId }]) => ({ runId, origin }));
}
