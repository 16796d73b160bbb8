import { hideUrls } from '../config/hide-urls.ts';
import { loadJob } from '../config/load-job.ts';
import { unscheduled } from '../schedule/load-jobs.ts';
import type { ScheduledJob } from '../schedule/schedule-effects.ts';
import type { CliContext } from './context.ts';

/** The job that a command names; its schedule may be off. Throws `USAGE` where it has none. */
export async function scheduledJob(context: CliContext, job: string): Promise<ScheduledJob> {
  const { cwd, env } = context;
  const { spec, secrets } = await loadJob(job, { projectFolder: cwd, env });
  context.secrets.addAll(secrets);
  hideUrls(spec, context.secrets);
  const { schedule } = spec;
  if (schedule !== null) return { spec, schedule };
  throw unscheduled(spec.name);
}
