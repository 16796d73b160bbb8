import { loadProject } from '../../config/file/load-project.ts';
import type { BoundJob } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { checkJobName } from '../../kv/names.ts';
import type { CliContext } from '../context.ts';

/**
 * A job as a candidate under a name of its own: its folder and its place in the store follow from the name, and nobody
 * is told of its runs. Throws `USAGE` where it would take something from the job or another one.
 */
export async function namedCandidate(
  { cwd, env }: CliContext,
  spec: BoundJob,
  { as: name, output }: { readonly as: string; readonly output?: string },
): Promise<BoundJob> {
  checkJobName(name);
  const { jobs } = await loadProject(cwd, env);
  if (name === spec.name || jobs.some((job) => job.name === name))
    throw new ServeBatchError(
      'USAGE',
      `--as is "${name}", which is a job of this project. A candidate needs a name of its own, such as ${spec.name}-trial.`,
      { fields: { name } },
    );
  if (spec.output.kind === 'file' && output === undefined)
    throw new ServeBatchError(
      'USAGE',
      `The job ${spec.name} writes one file, ${spec.output.path}, which a candidate must not replace. Name another one with --output.`,
      { fields: { name } },
    );
  return { ...spec, name, notify: null, heartbeat: null };
}
