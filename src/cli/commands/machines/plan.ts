import type { Command } from 'commander';
import { systemClock } from '../../../core/effects.ts';
import { ServeBatchError } from '../../../core/errors.ts';
import type { MadeRun } from '../../../jobs/hand-out/make-run.ts';
import type { Grouping } from '../../../runs/dispatch/group-shards.ts';
import type { CliContext } from '../../context.ts';
import { addOptions, debugOption, jsonOption, option, wholeNumber } from '../../options.ts';
import { formatNumber } from '../../render/format.ts';
import { shortPath } from '../../render/short-path.ts';
import { type JobFlags, jobOptions, runFlags } from '../../targets/job-flags.ts';

interface PlanFlags extends JobFlags {
  readonly groupSize?: number;
  readonly groups?: number;
  readonly resume: boolean;
  readonly force?: boolean;
  readonly full?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

export function addPlanCommand(program: Command, context: CliContext): void {
  const command = program
    .command('plan')
    .description('Make a run whose shards other machines compute, and list its missing shards.')
    .argument('[job]', 'a job in jobs/, or a job file (default: the default job)');
  addOptions(command, [
    ...jobOptions(),
    wholeNumber('--group-size <n>', 'shards that one task computes, at most (default: 1)'),
    wholeNumber('--groups <n>', 'tasks, at most: shards are spread over them'),
    option('--resume', 'continue an unfinished run of the same input and model').default(true),
    option('--no-resume', 'start over instead of continuing'),
    option('-f, --force', 'score again even if the same run is complete'),
    option('--full', 'with input.incremental: take all data again, not only new data'),
    jsonOption('the run, its dispatch list and its missing shards in groups'),
    option('-q, --quiet', 'print only errors'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
The run has a folder, a plan and a numbered dispatch list from then on. "shard" computes what the list says, on
any machine that sees the output folder, the input and the model; "finish" commits and publishes the run.

Examples:
  serve-batch plan weekly --json                 one task for each shard
  serve-batch plan weekly --groups 200 --json    at most 200 tasks`,
  );
  command.action((job: string | undefined, flags: PlanFlags) => plan(context, job, flags));
}

async function plan(context: CliContext, job: string | undefined, flags: PlanFlags): Promise<void> {
  const grouping = groupingOf(flags);
  const { signal, drain, stdin, workers } = context;
  workers.prepare();
  const { jobOfFlags } = await import('../../targets/job-of-flags.ts');
  const { watchRun } = await import('../../watch/watch-run.ts');
  const { makeRun } = await import('../../../jobs/hand-out/make-run.ts');
  const spec = await jobOfFlags(context, job, runFlags(flags));
  const watch = watchRun(context, {
    quiet: flags.quiet === true,
    debug: flags.debug === true,
    job: spec.name,
  });
  const effects = { clock: systemClock, log: watch.log, progress: watch.progress };
  const mask = (text: string): string => context.secrets.mask(text);
  const { resume, force = false, full = false } = flags;
  const request = { spec, effects, mask, signal, drain, stdin, startWorkers: workers.start };
  const options = { ...request, resume, force, full };
  const made = await makeRun({ ...options, publish: 'unless newer' }, grouping).finally(watch.stop);
  if (flags.json === true) context.out(`${JSON.stringify(made, null, 2)}\n`);
  else if (flags.quiet !== true) context.out(renderMade(made));
}

function groupingOf({ groupSize, groups }: PlanFlags): Grouping {
  if (groups === undefined) return { groupSize: groupSize ?? 1 };
  if (groupSize === undefined) return { groups };
  throw new ServeBatchError(
    'USAGE',
    '--group-size and --groups exclude each other: give the size of a group, or the number of groups.',
  );
}

function renderMade({ outcome, job, runId, plan, dispatch, missing, shards, groups }: MadeRun): string {
  if (outcome === 'nothing new') return `${job}: nothing new, and no run.\n`;
  if (outcome === 'complete')
    return `Run ${runId} of ${job} is complete.\nTo publish it where it is not: serve-batch finish ${runId}\n`;
  const finish = `To commit and publish it: serve-batch finish ${runId}\n`;
  if (missing === 0) return `Run ${runId} of ${job} lacks no shard.\n${finish}`;
  const last = groups.length - 1;
  return `Run ${runId} of ${job} lacks ${missing} of ${formatNumber(shards, 'shard')}, in ${formatNumber(groups.length, 'group')}.
To compute them, with N from 0 to ${last}:
  serve-batch shard --plan ${shortPath(plan ?? '')} --dispatch ${dispatch} --group N
${finish}`;
}
