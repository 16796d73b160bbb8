import { type Command, InvalidArgumentError } from 'commander';
import { parseShare } from '../../config/fields/share.ts';
import { systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { formatPercent } from '../../core/text/amounts.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import type { CliContext } from '../context.ts';
import {
  addOptions,
  debugOption,
  jsonOption,
  kvOption,
  option,
  outputOption,
  verboseOption,
} from '../options.ts';
import { renderRecord } from '../render/render-record.ts';

interface PublishFlags {
  readonly output?: string;
  readonly kv?: string;
  readonly json?: boolean;
  readonly force?: string;
  readonly canary?: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
}

const options = () => [
  outputOption(),
  kvOption(),
  jsonOption('the run record'),
  option('-q, --quiet', 'print only errors'),
  verboseOption(),
  debugOption(),
];

export function addPublishCommand(program: Command, context: CliContext): void {
  const command = program
    .command('publish')
    .description('Publish a complete run, so that readers see it.')
    .argument('<run>', 'its id, or the first characters of it');
  addOptions(command, [
    ...options(),
    option(
      '-f, --force <reason>',
      'publish it despite its coverage, a failed gate or duplicate keys; the record keeps the reason',
    ),
    canaryOption(),
  ]);
  command.addHelpText(
    'after',
    '\nExamples:\n  serve-batch publish 20261121T000000Z-k3x9    after the store was down when the run ended\n  serve-batch publish 20261121T000000Z-k3x9 --force "prices rose, as planned"\n  serve-batch publish 20261121T000000Z-k3x9 --canary 5%    for some of the keys, beside the published run',
  );
  command.action((runId: string, flags: PublishFlags) => publish(context, runId, flags));
}

const canaryOption = () =>
  option(
    '--canary <share>',
    'let it answer for a share of the keys, beside the published run: 5%; a larger share later only adds keys',
  ).argParser((value: string) => {
    const share = /^\d*\.?\d+$/.test(value) ? Number(value) : parseShare(value);
    if (share === undefined || !(share > 0 && share < 1))
      throw new InvalidArgumentError(
        'Expected a share of the keys that is more than 0 and less than 100%, such as 5% or 0.05; for all keys, leave it out.',
      );
    return share;
  });

export function addPromoteCommand(program: Command, context: CliContext): void {
  const command = program
    .command('promote')
    .description('Publish the canary of a job for all keys.')
    .argument('<job>', 'the job');
  addOptions(command, options());
  command.addHelpText(
    'after',
    '\n"publish RUN --canary 5%" begins a canary; "rollback JOB" ends it without publishing it.\n\nExamples:\n  serve-batch promote sales',
  );
  command.action((job: string, flags: PublishFlags) => promoteJob(context, job, flags));
}

export function addRollbackCommand(program: Command, context: CliContext): void {
  const command = program
    .command('rollback')
    .description('Go back to the previously published run.')
    .argument('<job>', 'the job')
    .argument('[run]', 'its id, or the first characters of it (default: the run published before)');
  addOptions(command, options());
  command.addHelpText(
    'after',
    `
If there is a canary, the command only ends it: the published run answers for all keys again.
A rollback goes only to a run that readers saw before, and the runs published after it count as rolled back:
"run" leaves them alone from then on. "publish" takes any committed run, and marks none.

Examples:
  serve-batch rollback sales                         readers see the run before; publish RUN undoes it
  serve-batch rollback sales 20261121T000000Z-k3x9   readers see that run`,
  );
  command.action((job: string, run: string | undefined, flags: PublishFlags) =>
    rollback(context, job, run, flags),
  );
}

async function publish(context: CliContext, runId: string, flags: PublishFlags): Promise<void> {
  const { placeOfJob, placeOfRun } = await import('../targets/job-place.ts');
  const { run, root } = await placeOfRun(context, runId, flags);
  const place = await placeOfJob(context, run.job, { ...flags, output: flags.output ?? root });
  const { publishEarlier } = await import('../../jobs/publish/publish-earlier.ts');
  const { watch, ...request } = await publishOptions(context, run, flags);
  const record = await publishEarlier(
    {
      ...request,
      ...(flags.force === undefined ? {} : { force: reasonOf(flags.force) }),
      ...(flags.canary === undefined ? {} : { canary: flags.canary }),
      place: { ...place, folderOfJob: run.folderOfJob },
    },
    run.runId,
  ).finally(watch.stop);
  const canary = flags.canary === undefined ? '' : await canaryText(run.folderOfJob, run.job, flags.canary);
  show(context, flags, record, `${renderRecord(record, { verbose: flags.verbose === true })}${canary}`);
}

async function canaryText(folderOfJob: string, job: string, share: number): Promise<string> {
  const { readCurrent } = await import('../../runs/publication.ts');
  const published = await readCurrent(folderOfJob);
  return `It answers for ${formatPercent(share)} of the keys; run ${published} for the others.\nFor all keys: serve-batch promote ${job}\nTo end it: serve-batch rollback ${job}\n`;
}

async function promoteJob(context: CliContext, job: string, flags: PublishFlags): Promise<void> {
  const { placeOfJob } = await import('../targets/job-place.ts');
  const place = await placeOfJob(context, job, flags);
  const { promote } = await import('../../jobs/publish/publish-earlier.ts');
  const { watch, ...request } = await publishOptions(context, place, flags);
  const { from, record } = await promote({ ...request, place }).finally(watch.stop);
  const details = flags.verbose === true ? renderRecord(record, { verbose: true }) : '';
  show(
    context,
    flags,
    record,
    `Promoted run ${record.runId}: it answers for all keys, in place of ${from}.\n${details}`,
  );
}

/** Who reads the record later wants to know why. */
function reasonOf(text: string): string {
  const reason = text.trim();
  if (reason !== '') return reason;
  throw new ServeBatchError(
    'USAGE',
    '--force is empty; expected why the run is right all the same. Write for example --force "prices rose, as planned".',
  );
}

async function rollback(
  context: CliContext,
  job: string,
  run: string | undefined,
  flags: PublishFlags,
): Promise<void> {
  const { placeOfJob } = await import('../targets/job-place.ts');
  const place = await placeOfJob(context, job, flags);
  const { findRunOfJob } = await import('../../runs/list/find-run.ts');
  const to = run === undefined ? undefined : (await findRunOfJob(place.folderOfJob, run)).runId;
  const { rollBack } = await import('../../jobs/publish/publish-earlier.ts');
  const { watch, ...request } = await publishOptions(context, place, flags);
  const { from, endedCanary, record } = await rollBack({ ...request, place }, to).finally(watch.stop);
  const details = flags.verbose === true ? renderRecord(record, { verbose: true }) : '';
  const what = endedCanary
    ? `Ended the canary of run ${from}: all keys are answered from ${record.runId} again.`
    : `Rolled back from ${from} to ${record.runId}.`;
  show(context, flags, record, `${what}\n${details}`);
}

async function publishOptions(
  context: CliContext,
  { job, folderOfJob }: { readonly job: string; readonly folderOfJob: string },
  flags: PublishFlags,
) {
  const { declaredJob } = await import('../targets/declared-job.ts');
  const { reporterOfJob } = await import('../watch/reporter-of-job.ts');
  // A job file that cannot be read keeps no run from its readers.
  const declared = await declaredJob(context, job).catch(() => null);
  const { watchRun } = await import('../watch/watch-run.ts');
  const watch = watchRun(context, { quiet: flags.quiet === true, debug: flags.debug === true, job });
  return {
    watch,
    signal: context.signal,
    startWorkers: context.workers.start,
    effects: { clock: systemClock, log: watch.log, progress: watch.progress },
    ...(declared === null ? {} : await reporterOfJob(context, declared, folderOfJob)),
  };
}

function show(context: CliContext, flags: PublishFlags, record: RunRecord, text: string): void {
  if (flags.json === true) context.out(`${JSON.stringify(record, null, 2)}\n`);
  else if (flags.quiet !== true) context.out(text);
}
