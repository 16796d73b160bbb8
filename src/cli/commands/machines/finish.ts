import type { Command } from 'commander';
import type { JobSpec } from '../../../config/job-spec.ts';
import { type Log, systemClock } from '../../../core/effects.ts';
import type { FinishOptions } from '../../../jobs/hand-out/finish-run.ts';
import type { RanJob } from '../../../jobs/run-job-options.ts';
import type { FoundRun } from '../../../runs/list/find-run.ts';
import type { CliContext } from '../../context.ts';
import {
  addOptions,
  DEFAULT_GRACE_SECONDS,
  debugOption,
  graceOption,
  jsonOption,
  kvOption,
  option,
  outputOption,
  verboseOption,
} from '../../options.ts';
import { renderRun } from '../../render/render-run.ts';
import { declaredJob } from '../../targets/declared-job.ts';
import { reporterOfJob } from '../../watch/reporter-of-job.ts';

interface FinishFlags {
  readonly output?: string;
  readonly kv?: string;
  readonly publish?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly grace?: number;
  readonly debug?: boolean;
}

export function addFinishCommand(program: Command, context: CliContext): void {
  const command = program
    .command('finish')
    .description('Commit and publish a run whose shards other machines have computed.')
    .argument('<run>', 'its id, or the first characters of it');
  addOptions(command, [
    outputOption(),
    kvOption(),
    option('--publish', 'publish even if readers see a newer occurrence, or a run planned later'),
    jsonOption('the run record'),
    option('-q, --quiet', 'print only errors'),
    verboseOption(),
    graceOption('loads of the store'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    '\nIf shards are missing, it names them, changes nothing and exits with 5.\n\nExample:\n  serve-batch finish 20261121T000000Z-k3x9',
  );
  command.action((runId: string, flags: FinishFlags) => finish(context, runId, flags));
}

async function finish(context: CliContext, runId: string, flags: FinishFlags): Promise<void> {
  context.allowGrace(flags.grace ?? DEFAULT_GRACE_SECONDS);
  const { placeOfRun } = await import('../../targets/job-place.ts');
  const { watchRun } = await import('../../watch/watch-run.ts');
  const { finishRun } = await import('../../../jobs/hand-out/finish-run.ts');
  const { run } = await placeOfRun(context, runId, flags);
  if (flags.kv !== undefined) context.secrets.addUrl(flags.kv);
  const declared = await declaredJob(context, run.job);
  const quiet = flags.quiet === true;
  const watch = watchRun(context, { quiet, debug: flags.debug === true, job: run.job });
  const { signal, drain, workers } = context;
  const options: FinishOptions = {
    ...{ folderOfJob: run.folderOfJob, runId: run.runId, signal, drain },
    storeUrls: { given: flags.kv ?? null, declared: declared?.kv?.url ?? null },
    startWorkers: workers.start,
    mask: (text) => context.secrets.mask(text),
    publish: flags.publish === true ? 'always' : 'unless newer',
    effects: { clock: systemClock, log: watch.log, progress: watch.progress },
    ...(declared === null ? {} : await reporterOfJob(context, declared, run.folderOfJob)),
  };
  const work = (): Promise<RanJob> => finishRun(options);
  const told = declared === null ? work() : announced(context, declared, run, watch.log, work);
  const result = await told.finally(watch.stop);
  if (flags.json === true) context.out(`${JSON.stringify(result.record, null, 2)}\n`);
  else if (!quiet)
    context.out(context.secrets.mask(renderRun(result, { verbose: flags.verbose === true, place: flags })));
  if (result.publishError !== null) throw result.publishError;
}

async function announced(
  context: CliContext,
  declared: JobSpec,
  { runId, folderOfJob }: Pick<FoundRun, 'runId' | 'folderOfJob'>,
  log: Log,
  work: () => Promise<RanJob>,
): Promise<RanJob> {
  const { announceRun } = await import('../../watch/announce-run.ts');
  const { readPlan } = await import('../../../runs/plan/plan-file.ts');
  const { runPaths } = await import('../../../runs/layout.ts');
  const { identity } = await readPlan(runPaths(folderOfJob, runId).plan);
  return announceRun(context, { ...declared, occurrence: identity.occurrence }, log, work);
}
