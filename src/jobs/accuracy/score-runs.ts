import { findActuals } from '../../accuracy/actuals-tables.ts';
import { startChildren } from '../../children/child-processes.ts';
import { timeZoneOf } from '../../config/bind-job.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import type { ActualsSpec } from '../../core/accuracy.ts';
import type { NamedTable } from '../../core/table.ts';
import { localText, toLocal } from '../../core/zoned-time.ts';
import type { RunStatus } from '../../runs/list/run-status.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import type { ScoredRun } from '../../tasks/score-runs.ts';
import type { StartWorkers } from '../../tasks/workers.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { folderOfJob } from '../plan/locations.ts';

/** Of runs that readers see, or saw until a newer one came. One that was rolled back was found to be wrong. */
export const SEEN_BY_READERS: readonly RunStatus[] = ['published', 'superseded'];

/** A job whose runs can be scored. */
export type ScoredJob = Pick<JobSpec, 'name' | 'output' | 'schedule' | 'features' | 'execution'> & {
  readonly actuals: ActualsSpec;
};

export interface ScoreEffects {
  readonly signal: AbortSignal;
  /** Default: child processes. */
  readonly startWorkers?: StartWorkers;
}

/**
 * Scores runs as they were published, by the actuals as they are now. Needs no lock: all it writes are records of
 * its own, each in one step, and one that is there already is left alone.
 */
export async function scoreRuns(
  spec: ScoredJob,
  runs: readonly RunSummary[],
  { signal, startWorkers = startChildren }: ScoreEffects,
  tables?: readonly NamedTable[],
): Promise<readonly ScoredRun[]> {
  if (runs.length === 0) return [];
  const workers = startWorkers({ size: 1, place: { folder: folderOfJob(spec), storeUrl: null }, signal });
  try {
    return await workers.run('score-runs', {
      actuals: spec.actuals,
      tables: tables ?? (await findActuals(spec.actuals.source)),
      externalAccess: spec.features.externalAccess,
      runs: runs.map((run) => whenMade(run, timeZoneOf(spec))),
      memoryLimit: memoryLimitOf(spec),
    });
  } finally {
    await workers.close();
  }
}

/** The run's own time: that of its occurrence, where it has one, in the time zone of the job. */
export function originOfRun(
  { occurrence, createdAt }: Pick<RunSummary, 'occurrence' | 'createdAt'>,
  timeZone: string,
): string {
  return localText(toLocal(new Date(occurrence ?? createdAt), timeZone));
}

function whenMade(run: RunSummary, timeZone: string) {
  const { runId, publishedAt } = run;
  return {
    runId,
    origin: originOfRun(run, timeZone),
    publishedAt: publishedAt ?? null,
    publishedLocal: publishedAt === undefined ? null : localText(toLocal(new Date(publishedAt), timeZone)),
  };
}
