import { jobFolder } from '../runs/layout.ts';
import { listJobs } from '../runs/list/run-folders.ts';
import { readCurrent } from '../runs/publication.ts';

/** A job that has runs, and where they are. */
export interface HistoryJob {
  readonly job: string;
  readonly folderOfJob: string;
  /** The published run; undefined before the first. */
  readonly current: string | undefined;
}

/** The jobs that have runs below the output roots, or the one that is named. */
export async function historyJobs(
  roots: readonly string[],
  only: string | undefined,
): Promise<readonly HistoryJob[]> {
  const jobs: HistoryJob[] = [];
  for (const root of roots) {
    for (const job of await listJobs(root)) {
      if (only !== undefined && job !== only) continue;
      const folderOfJob = jobFolder(root, job);
      jobs.push({ job, folderOfJob, current: await readCurrent(folderOfJob) });
    }
  }
  return jobs;
}
