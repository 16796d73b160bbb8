import { bindJob } from '../../config/bind-job.ts';
import { loadProject } from '../../config/file/load-project.ts';
import type { BoundJob, JobSpec } from '../../config/job-spec.ts';
import { loadJob } from '../../config/load-job.ts';
import { adHocJob, overrideJob } from '../../config/override-job.ts';
import type { RunFlags } from '../../config/run-flags.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { occurrenceOf } from './occurrence-of.ts';

/**
 * The job that a command means: the named one, the project's default one, or, in a folder without jobs,
 * one made of the flags alone. The flags are laid over it.
 */
export async function jobOfFlags(
  context: CliContext,
  job: string | undefined,
  flags: RunFlags,
): Promise<BoundJob> {
  for (const url of [flags.kv, flags.queue]) if (url !== undefined) context.secrets.addUrl(url);
  const { cwd, env } = context;
  const project = await loadProject(cwd, env);
  if (job === undefined && project.jobs.length === 0) return bindToFlags(adHocJob(flags), flags);
  const loaded = await loadJob(job ?? project.defaultJob().file, { projectFolder: cwd, env });
  context.secrets.addAll(loaded.secrets);
  const spec = overrideJob(loaded.spec, flags);
  // Another input is of whatever format its own name says.
  const { format: _, ...input } = spec.input;
  return bindToFlags(flags.inputs === undefined ? spec : { ...spec, input }, flags);
}

/** The job of this run: for the occurrence, and with the parameters, that the flags say. */
async function bindToFlags(spec: JobSpec, flags: RunFlags): Promise<BoundJob> {
  const now = new Date();
  return bindJob(spec, {
    occurrence: await occurrenceOf(spec, flags.occurrence, now),
    now,
    params: paramsOf(flags.params ?? []),
  });
}

function paramsOf(written: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    written.map((text) => {
      const [, name, value] = /^([A-Za-z_][\w-]*)=(.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw new ServeBatchError(
          'USAGE',
          `--param is "${text}"; expected NAME=VALUE. Write for example --param region=north.`,
        );
      return [name, value];
    }),
  );
}
