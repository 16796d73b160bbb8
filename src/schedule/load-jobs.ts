import type { Environment } from '../config/fill-environment.ts';
import { loadJob } from '../config/load-job.ts';
import { loadProject } from '../config/load-project.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { Secrets } from '../core/secrets.ts';
import { folderOfJob } from '../pipeline/locations.ts';
import { forgetSchedule } from './first-sight.ts';
import type { ScheduledJob } from './schedule-effects.ts';

/** The jobs of a project that run by themselves, and those that cannot be read. */
export interface LoadedSchedule {
  readonly jobs: readonly ScheduledJob[];
  readonly problems: readonly { readonly job: string; readonly error: ServeBatchError }[];
}

export interface LoadScheduleOptions {
  readonly projectFolder: string;
  readonly env: Environment;
  /** Gets what must not be shown. */
  readonly secrets: Secrets;
  /** Only these. Throws `JOB_FILE` for one that is not there. Default: all. */
  readonly names?: readonly string[];
}

/** Reads the job files. One that is wrong does not stand in the way of the others. */
export async function loadScheduledJobs(options: LoadScheduleOptions): Promise<LoadedSchedule> {
  const { projectFolder, env, names = [] } = options;
  const project = await loadProject(projectFolder, env);
  const entries = names.length === 0 ? project.jobs : names.map((name) => project.find(name));
  const jobs: ScheduledJob[] = [];
  const problems: { job: string; error: ServeBatchError }[] = [];
  for (const { name, file } of entries) {
    try {
      const { spec, secrets } = await loadJob(file, { projectFolder, env });
      options.secrets.addAll(secrets);
      addUrlPaths(options.secrets, [spec.notify?.webhook, spec.heartbeat]);
      const { schedule } = spec;
      if (schedule !== null && jobs.some((each) => each.spec.name === spec.name)) throw twice(spec.name);
      if (schedule?.enabled === true) jobs.push({ spec, schedule });
      else if (schedule !== null) await forgetSchedule(folderOfJob(spec));
    } catch (error) {
      if (!(error instanceof ServeBatchError)) throw error;
      problems.push({ job: name, error });
    }
  }
  return { jobs, problems };
}

/** The path of a webhook or heartbeat is mostly what lets one call it. */
export function addUrlPaths(secrets: Secrets, urls: readonly (string | null | undefined)[]): void {
  for (const url of urls) {
    if (url === null || url === undefined) continue;
    const { pathname, search } = new URL(url);
    if (pathname.length > 1) secrets.add(pathname);
    secrets.add(search);
  }
}

function twice(name: string): ServeBatchError {
  return new ServeBatchError(
    'JOB_FILE',
    `Two files are named "${name}": the second one is left out of the schedule. Give one of them another name.`,
  );
}
