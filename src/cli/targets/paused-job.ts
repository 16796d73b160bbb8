import { stat } from 'node:fs/promises';
import { resolvePath } from '../../config/fields/resolve-path.ts';
import { fillEnvironment } from '../../config/file/fill-environment.ts';
import { loadProject } from '../../config/file/load-project.ts';
import { readJobFile } from '../../config/file/read-job-file.ts';
import { DEFAULT_OUTPUT, outputKind } from '../../config/sections/output.ts';
import type { ScheduleSpec } from '../../config/sections/schedule.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { folderOfJob } from '../../jobs/plan/locations.ts';
import type { CliContext } from '../context.ts';
import { scheduledJob } from './scheduled-job.ts';

/** A job that is paused or resumed. */
export interface PausedJob {
  readonly name: string;
  readonly folderOfJob: string;
  /** Null: its file cannot be used. */
  readonly catchup: ScheduleSpec['catchup'] | null;
  /** Why its file cannot be used. */
  readonly problem: ServeBatchError | null;
}

/**
 * The job that a command pauses or resumes. Its file may be broken, which is when people pause a job: all that is needed
 * of it is where its runs are. Throws `USAGE` for a job without a schedule, and `JOB_FILE` where nobody knows the place.
 */
export async function pausedJob(
  context: CliContext,
  job: string,
  { output }: { readonly output?: string },
): Promise<PausedJob> {
  const { cwd } = context;
  const placeOf = (name: string, path: string): string =>
    folderOfJob({
      name,
      output: { ...DEFAULT_OUTPUT, path: resolvePath(path, cwd), kind: outputKind(path) },
    });
  try {
    const { spec, schedule } = await scheduledJob(context, job);
    const folder = output === undefined ? folderOfJob(spec) : placeOf(spec.name, output);
    return { name: spec.name, folderOfJob: folder, catchup: schedule.catchup, problem: null };
  } catch (error) {
    if (!(error instanceof ServeBatchError) || error.code !== 'JOB_FILE') throw error;
    const written = await outputOfBrokenJob(context, job, error);
    const folder = placeOf(written.name, output ?? written.output ?? DEFAULT_OUTPUT.path);
    if ((output ?? written.output) === undefined && !(await isFolder(folder))) throw unknownPlace(job, error);
    return { name: written.name, folderOfJob: folder, catchup: null, problem: error };
  }
}

/** The output that a broken job file names; undefined if its YAML cannot be read. Throws the problem for an unknown job. */
async function outputOfBrokenJob(
  { cwd, env }: CliContext,
  job: string,
  problem: ServeBatchError,
): Promise<{ readonly name: string; readonly output: string | undefined }> {
  const entry = (await loadProject(cwd, env)).jobs.find(({ name }) => name === job);
  if (entry === undefined) throw problem;
  if (entry.problem !== null) return { name: job, output: undefined };
  const { data } = await readJobFile(entry.file, cwd);
  const { output } = data as { readonly output?: unknown };
  const path = typeof output === 'object' && output !== null && 'path' in output ? output.path : output;
  if (path === undefined) return { name: job, output: DEFAULT_OUTPUT.path };
  const filled = fillEnvironment(path, env);
  const isKnown = typeof filled.data === 'string' && filled.data !== '' && filled.problems.length === 0;
  return { name: job, output: isKnown ? (filled.data as string) : undefined };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function unknownPlace(job: string, problem: ServeBatchError): ServeBatchError {
  return new ServeBatchError(
    'JOB_FILE',
    `${problem.message}\nSo nobody knows where the runs of ${job} are, beside which a pause is written down. Mend the file, or give the folder that the job names as its output: --output FOLDER.`,
    { cause: problem },
  );
}
