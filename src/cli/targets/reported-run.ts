import { ServeBatchError } from '../../core/errors.ts';
import { jobFolder } from '../../runs/layout.ts';
import type { FoundRun } from '../../runs/list/find-run.ts';
import { listJobs } from '../../runs/list/run-folders.ts';
import { readCurrent } from '../../runs/publication.ts';
import type { CliContext } from '../context.ts';
import { outputRoots, type PlaceFlags, placeOfRun } from './job-place.ts';

/**
 * The run that a report is about: by its id or the beginning of it, or by the name of a job, whose
 * published run it then is. Throws `NOT_FOUND` where there is none, or the job has published nothing.
 */
export async function findReported(
  context: CliContext,
  wanted: string,
  flags: PlaceFlags,
): Promise<Pick<FoundRun, 'runId' | 'folderOfJob'>> {
  for (const root of await outputRoots(context, flags)) {
    if (!(await listJobs(root)).includes(wanted)) continue;
    const folderOfJob = jobFolder(root, wanted);
    const runId = await readCurrent(folderOfJob);
    if (runId !== undefined) return { runId, folderOfJob };
    throw new ServeBatchError(
      'NOT_FOUND',
      `The job ${wanted} has published nothing yet. Name one of its runs: "serve-batch runs ls --job ${wanted}" lists them.`,
      { fields: { job: wanted } },
    );
  }
  return (await placeOfRun(context, wanted, flags)).run;
}
