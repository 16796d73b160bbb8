import type { Clock } from '../../../core/effects.ts';
import { listRuns } from '../../../runs/list/run-list.ts';
import type { RunSummary } from '../../../runs/list/run-summary.ts';
import type { OccurrenceSummary } from '../../../runs/occurrence/list-occurrences.ts';
import { listOccurrences } from '../../../runs/occurrence/list-occurrences.ts';
import { nextOccurrence } from '../../../schedule/cron/cron-times.ts';
import { type Pause, readPause } from '../../../schedule/pause.ts';
import type { JobState, ServedJob } from '../../served-job.ts';
import type { JobSource } from '../../served-jobs.ts';

/** How a job is doing, for people. */
export interface JobFacts {
  readonly source: Pick<JobSource, 'name' | 'description' | 'schedule' | 'serving'>;
  readonly state: JobState;
  readonly paused: Pause | null;
  /** ISO 8601; null: it runs by hand, is off or paused, or never comes. */
  readonly next: string | null;
  /** The newest occurrence that something is known of. */
  readonly last: OccurrenceSummary | null;
  /** Undefined before the first run, or where the runs are not at hand. */
  readonly newest: RunSummary | undefined;
}

/** Reads a few small files: of one run, one occurrence, and the index of plans. */
export async function readJob(job: ServedJob, source: JobSource, clock: Clock): Promise<JobFacts> {
  const { folderOfJob, schedule } = source;
  const [newest] = await listRuns(folderOfJob, clock, { limit: 1 });
  const [last] = await listOccurrences(folderOfJob, clock, { limit: 1 });
  const paused = (await readPause(folderOfJob)) ?? null;
  const isOn = schedule?.enabled === true && paused === null;
  const next = isOn ? nextOccurrence(schedule, clock.now()) : null;
  return {
    source,
    state: await job.state(),
    paused,
    next: next?.toISOString() ?? null,
    last: last ?? null,
    newest,
  };
}

/** Whether the newest run needs somebody. */
export function isFailing({ newest }: JobFacts): boolean {
  return (
    newest !== undefined &&
    (newest.status === 'failed' || newest.status === 'interrupted' || newest.failure !== undefined)
  );
}
