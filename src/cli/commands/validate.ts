import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadProject } from '../../config/file/load-project.ts';
import { systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption } from '../options.ts';
import { planFault } from '../targets/plan-fault.ts';

export function addValidateCommand(program: Command, context: CliContext): void {
  const command = program
    .command('validate')
    .description('Check job files against their models and tables, and write nothing.')
    .argument('[job]', 'a job in jobs/, or a job file (default: all jobs of the project)');
  addOptions(command, [debugOption()]);
  command.addHelpText('after', '\nExamples:\n  serve-batch validate\n  serve-batch validate weekly-forecast');
  command.action((job: string | undefined) => validate(context, job));
}

/** Plans each job, as `run --dry-run` does. Says what is wrong with each; the first fault gives the exit code. */
async function validate(context: CliContext, job: string | undefined): Promise<void> {
  const jobs = job === undefined ? await namesOf(context) : [job];
  const ofSchedule = await scheduleFaults(context);
  let first: ServeBatchError | null = null;
  for (const each of jobs) {
    const fault = (await planFault(context, each)) ?? ofSchedule(each);
    context.out(fault === null ? `${each}: ok\n` : `${each}: ${fault.code}\n`);
    if (fault === null) continue;
    const named = jobs.length === 1 ? fault : faultOf(each, fault);
    if (first !== null) context.err(`error: ${named.message}\n`);
    first ??= named;
  }
  if (first !== null) throw first;
}

/** What keeps a job, by name or file, from being scheduled, as `schedule` says it: the order of the jobs above all. */
async function scheduleFaults(context: CliContext): Promise<(job: string) => ServeBatchError | null> {
  const { cwd, env, secrets } = context;
  const { loadScheduledJobs } = await import('../../schedule/load-jobs.ts');
  const { jobs } = await loadProject(cwd, env);
  const { problems } = await loadScheduledJobs({ projectFolder: cwd, env, now: systemClock.now(), secrets });
  return (job) => {
    const entry = jobs.find(({ name, file }) => name === job || file === resolve(cwd, job));
    return problems.find((each) => each.job === entry?.name)?.error ?? null;
  };
}

/** Many messages speak of a table or a model only, which several jobs may use. */
function faultOf(job: string, { code, message, fields, cause }: ServeBatchError): ServeBatchError {
  const named = message.startsWith(`${job}:`) ? message : `${job}: ${message}`;
  return new ServeBatchError(code, named, { fields, cause });
}

async function namesOf({ cwd, env }: CliContext): Promise<readonly string[]> {
  const { jobs } = await loadProject(cwd, env);
  if (jobs.length > 0) return jobs.map(({ file }) => relative(cwd, file));
  throw new ServeBatchError(
    'JOB_FILE',
    'This folder has no jobs/. Write one with serve-batch init --model sales.onnx --input sales.csv.',
  );
}
