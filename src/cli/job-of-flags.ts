import type { JobSpec } from '../config/job-spec.ts';
import { loadJob } from '../config/load-job.ts';
import { loadProject } from '../config/load-project.ts';
import { adHocJob, overrideJob } from '../config/override-job.ts';
import type { RunFlags } from '../config/run-flags.ts';
import type { CliContext } from './context.ts';

/**
 * The job that a command means: the named one, the project's default one, or, in a folder without jobs,
 * one made of the flags alone. The flags are laid over it.
 */
export async function jobOfFlags(
  context: CliContext,
  job: string | undefined,
  flags: RunFlags,
): Promise<JobSpec> {
  if (flags.kv !== undefined) context.secrets.addUrl(flags.kv);
  const { cwd, env } = context;
  const project = await loadProject(cwd, env);
  if (job === undefined && project.jobs.length === 0) return adHocJob(flags);
  const loaded = await loadJob(job ?? project.defaultJob().file, { projectFolder: cwd, env });
  context.secrets.addAll(loaded.secrets);
  const spec = overrideJob(loaded.spec, flags);
  if (flags.inputs === undefined) return spec;
  // Another input is of whatever format its own name says.
  const { format: _, ...input } = spec.input;
  return { ...spec, input };
}
