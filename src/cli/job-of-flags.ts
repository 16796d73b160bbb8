import { bindJob, timeZoneOf } from '../config/bind-job.ts';
import type { JobSpec } from '../config/job-spec.ts';
import { loadJob } from '../config/load-job.ts';
import { loadProject } from '../config/load-project.ts';
import { adHocJob, overrideJob } from '../config/override-job.ts';
import type { RunFlags } from '../config/run-flags.ts';
import { ServeBatchError } from '../core/errors.ts';
import { parseInstant } from '../core/zoned-time.ts';
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
  if (job === undefined && project.jobs.length === 0) return bindToFlags(adHocJob(flags), flags);
  const loaded = await loadJob(job ?? project.defaultJob().file, { projectFolder: cwd, env });
  context.secrets.addAll(loaded.secrets);
  const spec = overrideJob(loaded.spec, flags);
  // Another input is of whatever format its own name says.
  const { format: _, ...input } = spec.input;
  return bindToFlags(flags.inputs === undefined ? spec : { ...spec, input }, flags);
}

/** The job of this run: for the occurrence, and with the parameters, that the flags say. */
function bindToFlags(spec: JobSpec, flags: RunFlags): JobSpec {
  return bindJob(spec, {
    occurrence: flags.occurrence === undefined ? null : occurrenceOf(flags.occurrence, spec),
    now: new Date(),
    params: paramsOf(flags.params ?? []),
  });
}

function occurrenceOf(text: string, spec: JobSpec): Date {
  const instant = parseInstant(text, timeZoneOf(spec));
  if (instant !== undefined) return instant;
  throw new ServeBatchError(
    'USAGE',
    `--occurrence is "${text}"; expected a date, a time or an instant. Write for example 2026-11-21, 2026-11-21T02:30 or 2026-11-21T01:30:00Z.`,
  );
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
