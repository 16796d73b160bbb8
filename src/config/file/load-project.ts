import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { JOB_NAME_PATTERN } from '../job-name.ts';
import { type Environment, fillEnvironment } from './fill-environment.ts';
import { readJobFile } from './read-job-file.ts';

/** A folder with jobs in `jobs/`. */
export interface Project {
  readonly folder: string;
  /** Sorted by name; empty where there is no `jobs/`. */
  readonly jobs: readonly JobEntry[];
  /** The job of a name. Throws `JOB_FILE` with near names and the list of all. */
  find(name: string): JobEntry;
  /** The job marked `default: true`, or the only one. Throws `JOB_FILE` where there is none, or several. */
  defaultJob(): JobEntry;
}

/** What is known of a job before its file is checked. */
export interface JobEntry {
  readonly name: string;
  /** Absolute path. */
  readonly file: string;
  readonly isDefault: boolean;
  /** Why the file cannot be read as YAML; then the name is that of the file. */
  readonly problem: ServeBatchError | null;
}

/** Lists the jobs of a project. One job with a mistake does not stand in the way of the others. */
export async function loadProject(projectFolder: string, env: Environment): Promise<Project> {
  const files = await listJobFiles(projectFolder);
  const jobs = await Promise.all(files.map((file) => readEntry(file, projectFolder, env)));
  jobs.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return {
    folder: projectFolder,
    jobs,
    find: (name) => findJob(jobs, name),
    defaultJob: () => findDefault(jobs),
  };
}

/** The job files of a project, sorted by name. Throws `JOB_FILE` where they cannot be listed. */
export async function listJobFiles(projectFolder: string): Promise<string[]> {
  const folder = join(projectFolder, 'jobs');
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /^[^.].*\.ya?ml$/i.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new ServeBatchError(
      'JOB_FILE',
      `The folder ${folder} cannot be read: ${String(error)}. Check its permissions.`,
      {
        cause: error,
        fields: { file: folder },
      },
    );
  }
}

async function readEntry(file: string, projectFolder: string, env: Environment): Promise<JobEntry> {
  const stem = basename(file, extname(file));
  try {
    const { data } = await readJobFile(file, projectFolder);
    const { name, default: isDefault } = fillEnvironment(pickFields(data), env).data as ReturnType<
      typeof pickFields
    >;
    return {
      // A name that cannot be one is told where the file is checked: until then the job has that of its file.
      name: typeof name === 'string' && JOB_NAME_PATTERN.test(name) ? name : stem,
      file,
      isDefault: isDefault === true || isDefault === 'true',
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof ServeBatchError)) throw error;
    return { name: stem, file, isDefault: false, problem: error };
  }
}

function pickFields(data: unknown): { readonly name?: unknown; readonly default?: unknown } {
  if (typeof data !== 'object' || data === null) return {};
  const { name, default: isDefault } = data as { readonly name?: unknown; readonly default?: unknown };
  return { name, default: isDefault };
}

function findJob(jobs: readonly JobEntry[], name: string): JobEntry {
  const [found, second] = jobs.filter((job) => job.name === name);
  if (second !== undefined)
    throw new ServeBatchError(
      'JOB_FILE',
      `Two files are named "${name}": ${found?.file} and ${second.file}. Give one of them another name.`,
    );
  if (found !== undefined) return found;
  if (jobs.length === 0)
    throw new ServeBatchError(
      'JOB_FILE',
      `There is no job "${name}": jobs/ is empty. Write jobs/${name}.yaml, or give --model.`,
    );
  const names = jobs.map((job) => job.name);
  throw new ServeBatchError(
    'JOB_FILE',
    `There is no job "${name}".${suggestion(name, names)} The jobs are ${names.join(', ')}.`,
    {
      fields: { job: name, jobs: names },
    },
  );
}

function findDefault(jobs: readonly JobEntry[]): JobEntry {
  const [marked, second] = jobs.filter((job) => job.isDefault);
  if (second !== undefined)
    throw new ServeBatchError(
      'JOB_FILE',
      `Two jobs are marked default: true, ${marked?.file} and ${second.file}. Keep the mark on one of them.`,
    );
  const [only, ...others] = jobs;
  if (marked !== undefined) return marked;
  if (only === undefined)
    throw new ServeBatchError(
      'JOB_FILE',
      'jobs/ is empty. Write jobs/NAME.yaml, or give --model and --input.',
    );
  if (others.length === 0) return only;
  const broken = jobs.find((job) => job.problem !== null);
  if (broken?.problem) throw broken.problem;
  throw new ServeBatchError(
    'JOB_FILE',
    `No job is marked default: true. Name one of ${jobs.map((job) => job.name).join(', ')}, or mark one.`,
  );
}
