import { hideUrls } from '../../config/hide-urls.ts';
import { loadJob } from '../../config/load-job.ts';
import { predecessorsNamed, unscheduled } from '../../schedule/load-jobs.ts';
import type { ScheduledJob } from '../../schedule/schedule-effects.ts';
import type { CliContext } from '../context.ts';

/** The job that a command names; its schedule may be off. Throws `USAGE` where it has none. */
export async function scheduledJob(context: CliContext, job: string): Promise<ScheduledJob> {
  const { cwd, env } = context;
  const { spec, secrets } = await loadJob(job, { projectFolder: cwd, env });
  context.secrets.addAll(secrets);
  hideUrls(spec, context.secrets);
  const { schedule } = spec;
  if (schedule === null) throw unscheduled(spec.name);
  const place = { projectFolder: cwd, env, secrets: context.secrets };
  return { spec, schedule, after: await predecessorsNamed(schedule.after, place) };
}
