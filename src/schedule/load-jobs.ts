import type { Environment } from '../config/file/fill-environment.ts';
import { type JobEntry, loadProject } from '../config/file/load-project.ts';
import { hideUrls } from '../config/hide-urls.ts';
import type { JobSpec } from '../config/job-spec.ts';
import { loadJob } from '../config/load-job.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { Secrets } from '../core/text/secrets.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import type { ScheduledJob } from './schedule-effects.ts';
import { type OrderedJob, orderProblem, type Predecessor } from './waiting/predecessors.ts';

/** The jobs of a project that run by themselves, and those that cannot be read. */
export interface LoadedSchedule {
  readonly jobs: readonly ScheduledJob[];
  /** Those whose schedule is switched off. */
  readonly off: readonly ScheduledJob[];
  readonly problems: readonly { readonly job: string; readonly error: ServeBatchError }[];
}

export interface LoadScheduleOptions {
  readonly projectFolder: string;
  readonly env: Environment;
  /** Whether jobs that wait for each other ever occur together is looked at from here on. */
  readonly now: Date;
  /** Gets what must not be shown. */
  readonly secrets: Secrets;
  /** Only these. Throws `JOB_FILE` for one that is not there; one without a schedule is a problem. Default: all. */
  readonly names?: readonly string[];
}

/** Reads the job files. One that is wrong does not stand in the way of the others. */
export async function loadScheduledJobs(options: LoadScheduleOptions): Promise<LoadedSchedule> {
  const { projectFolder, env, names = [] } = options;
  const project = await loadProject(projectFolder, env);
  const wanted = names.length === 0 ? project.jobs : names.map((name) => project.find(name));
  const jobs: ScheduledJob[] = [];
  const off: ScheduledJob[] = [];
  const problems: { job: string; error: ServeBatchError }[] = [];
  const loaded = await loadEntries(wanted, options);
  const others = await predecessorsOf(loaded, project.jobs, options);
  const all = readable([...loaded, ...others]);
  for (const { name, spec: found } of loaded) {
    try {
      const spec = specOf(found);
      const { schedule } = spec;
      if (schedule === null && names.length > 0) throw unscheduled(spec.name);
      if (schedule === null) continue;
      if ([...jobs, ...off].some((each) => each.spec.name === spec.name)) throw twice(spec.name);
      assertReadable(spec, [...loaded, ...others]);
      const problem = orderProblem(ordered(spec), all.map(ordered), options.now);
      if (problem !== null) throw problem;
      const after = schedule.after.flatMap((each) =>
        all.filter(({ name }) => name === each).map(predecessor),
      );
      (schedule.enabled ? jobs : off).push({ spec, schedule, after });
    } catch (error) {
      if (!(error instanceof ServeBatchError)) throw error;
      problems.push({ job: name, error });
    }
  }
  return { jobs, off, problems };
}

interface LoadedEntry {
  readonly name: string;
  readonly spec: JobSpec | ServeBatchError;
}

function specOf(found: JobSpec | ServeBatchError): JobSpec {
  if (found instanceof ServeBatchError) throw found;
  return found;
}

async function loadEntries(
  entries: readonly JobEntry[],
  { projectFolder, env, secrets }: Pick<LoadScheduleOptions, 'projectFolder' | 'env' | 'secrets'>,
): Promise<LoadedEntry[]> {
  const loaded: LoadedEntry[] = [];
  for (const { name, file } of entries) {
    try {
      const { spec, secrets: own } = await loadJob(file, { projectFolder, env });
      secrets.addAll(own);
      hideUrls(spec, secrets);
      loaded.push({ name, spec });
    } catch (error) {
      if (!(error instanceof ServeBatchError)) throw error;
      loaded.push({ name, spec: error });
    }
  }
  return loaded;
}

/** The other jobs of the project, where one of the loaded waits for any. */
async function predecessorsOf(
  loaded: readonly LoadedEntry[],
  entries: readonly JobEntry[],
  options: LoadScheduleOptions,
): Promise<readonly LoadedEntry[]> {
  if (readable(loaded).every(({ schedule }) => schedule === null || schedule.after.length === 0)) return [];
  const names = new Set(loaded.map(({ name }) => name));
  return loadEntries(
    entries.filter(({ name }) => !names.has(name)),
    options,
  );
}

/** The jobs of `schedule.after`, for one that somebody runs by hand: a fault of another job's file stops no run. */
export async function predecessorsNamed(
  after: readonly string[],
  options: Pick<LoadScheduleOptions, 'projectFolder' | 'env' | 'secrets'>,
): Promise<readonly Predecessor[]> {
  if (after.length === 0) return [];
  const project = await loadProject(options.projectFolder, options.env);
  const entries = project.jobs.filter(({ name }) => after.includes(name));
  const loaded = readable(await loadEntries(entries, options));
  return after.map((name) => {
    const spec = loaded.find((each) => each.name === name);
    return spec === undefined ? { job: name, folderOfJob: null, schedule: null } : predecessor(spec);
  });
}

function readable(loaded: readonly LoadedEntry[]): readonly JobSpec[] {
  return loaded.flatMap(({ spec }) => (spec instanceof ServeBatchError ? [] : [spec]));
}

/** Where the file of a job cannot be used, nobody knows when the job after it may start. */
function assertReadable({ name, schedule }: JobSpec, loaded: readonly LoadedEntry[]): void {
  const broken = loaded.find(
    (each) => schedule?.after.includes(each.name) && each.spec instanceof ServeBatchError,
  );
  if (broken === undefined) return;
  throw new ServeBatchError(
    'JOB_FILE',
    `schedule.after of "${name}" names "${broken.name}", whose file cannot be used. Mend it: "serve-batch jobs ls" says what is wrong.`,
    { fields: { job: name, after: broken.name } },
  );
}

function ordered({ name, schedule }: JobSpec): OrderedJob {
  return { name, schedule, after: schedule?.after ?? [] };
}

function predecessor(spec: JobSpec): Predecessor {
  return { job: spec.name, folderOfJob: folderOfJob(spec), schedule: spec.schedule };
}

/** Of a job that was asked for by name. */
export function unscheduled(job: string): ServeBatchError {
  return new ServeBatchError(
    'USAGE',
    `The job ${job} has no schedule. Write for example schedule: "0 0 * * 6" into its job file.`,
  );
}

function twice(name: string): ServeBatchError {
  return new ServeBatchError(
    'JOB_FILE',
    `Two files are named "${name}": the second one is left out of the schedule. Give one of them another name.`,
  );
}
