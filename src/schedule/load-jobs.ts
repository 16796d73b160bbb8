import type { Environment } from '../config/file/fill-environment.ts';
import { loadProject } from '../config/file/load-project.ts';
import { hideUrls } from '../config/hide-urls.ts';
import { loadJob } from '../config/load-job.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { Secrets } from '../core/secrets.ts';
import type { ScheduledJob } from './schedule-effects.ts';

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
  /** Gets what must not be shown. */
  readonly secrets: Secrets;
  /** Only these. Throws `JOB_FILE` for one that is not there; one without a schedule is a problem. Default: all. */
  readonly names?: readonly string[];
}

/** Reads the job files. One that is wrong does not stand in the way of the others. */
export async function loadScheduledJobs(options: LoadScheduleOptions): Promise<LoadedSchedule> {
  const { projectFolder, env, names = [] } = options;
  const project = await loadProject(projectFolder, env);
  const entries = names.length === 0 ? project.jobs : names.map((name) => project.find(name));
  const jobs: ScheduledJob[] = [];
  const off: ScheduledJob[] = [];
  const problems: { job: string; error: ServeBatchError }[] = [];
  for (const { name, file } of entries) {
    try {
      const { spec, secrets } = await loadJob(file, { projectFolder, env });
      options.secrets.addAll(secrets);
      hideUrls(spec, options.secrets);
      const { schedule } = spec;
      if (schedule === null && names.length > 0) throw unscheduled(spec.name);
      if (schedule === null) continue;
      if ([...jobs, ...off].some((each) => each.spec.name === spec.name)) throw twice(spec.name);
      (schedule.enabled ? jobs : off).push({ spec, schedule });
    } catch (error) {
      if (!(error instanceof ServeBatchError)) throw error;
      problems.push({ job: name, error });
    }
  }
  return { jobs, off, problems };
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
