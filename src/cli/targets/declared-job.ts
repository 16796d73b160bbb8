import type { JobSpec } from '../../config/job-spec.ts';
import type { CliContext } from '../context.ts';

/** The job file of a run: it knows the passwords and whom to tell. Null: the run was made of flags. */
export async function declaredJob(
  { cwd, env, secrets }: Pick<CliContext, 'cwd' | 'env' | 'secrets'>,
  job: string,
): Promise<JobSpec | null> {
  const { loadProject } = await import('../../config/file/load-project.ts');
  const { loadJob } = await import('../../config/load-job.ts');
  const project = await loadProject(cwd, env);
  if (!project.jobs.some(({ name }) => name === job)) return null;
  const loaded = await loadJob(job, { projectFolder: cwd, env });
  secrets.addAll(loaded.secrets);
  return loaded.spec;
}
