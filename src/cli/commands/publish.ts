import type { Command } from 'commander';
import { systemClock } from '../../core/effects.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, jsonOption, kvOption, option, outputOption } from '../options.ts';
import { renderRecord } from '../render-run.ts';

interface PublishFlags {
  readonly output?: string;
  readonly kv?: string;
  readonly json?: boolean;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const options = () => [
  outputOption(),
  kvOption(),
  jsonOption('the run record'),
  option('-q, --quiet', 'print only errors'),
  debugOption(),
];

export function addPublishCommand(program: Command, context: CliContext): void {
  const command = program
    .command('publish')
    .description(
      'Make a committed run the one that readers see; the store is loaded again from its parts where needed.',
    )
    .argument('<run>', 'its id, or the beginning of it');
  addOptions(command, [
    ...options(),
    option('-f, --force', 'publish it also where its coverage is below what the job asks for'),
  ]);
  command.addHelpText(
    'after',
    '\nExample:\n  serve-batch publish 20261121T000000Z-k3x9    after the store was down when the run ended',
  );
  command.action((runId: string, flags: PublishFlags) => publish(context, runId, flags));
}

export function addRollbackCommand(program: Command, context: CliContext): void {
  const command = program
    .command('rollback')
    .description('Make the run that was published before the current one the published one again.')
    .argument('<job>', 'the job');
  addOptions(command, options());
  command.addHelpText(
    'after',
    '\nExample:\n  serve-batch rollback sales    readers see the run before; publish RUN undoes it',
  );
  command.action((job: string, flags: PublishFlags) => rollback(context, job, flags));
}

async function publish(context: CliContext, runId: string, flags: PublishFlags): Promise<void> {
  const { placeOfJob, placeOfRun } = await import('../job-place.ts');
  const { run, root } = await placeOfRun(context, runId, flags);
  const place = await placeOfJob(context, run.job, { ...flags, output: flags.output ?? root });
  const { publishEarlier } = await import('../../pipeline/publish-earlier.ts');
  const { watch, ...request } = await publishOptions(context, run.job, flags);
  const record = await publishEarlier(
    { ...request, force: flags.force === true, place: { ...place, folderOfJob: run.folderOfJob } },
    run.runId,
  ).finally(watch.stop);
  show(context, flags, record, '');
}

async function rollback(context: CliContext, job: string, flags: PublishFlags): Promise<void> {
  const { placeOfJob } = await import('../job-place.ts');
  const place = await placeOfJob(context, job, flags);
  const { rollBack } = await import('../../pipeline/publish-earlier.ts');
  const { watch, ...request } = await publishOptions(context, place.job, flags);
  const { from, record } = await rollBack({ ...request, place }).finally(watch.stop);
  show(context, flags, record, `Rolled back from ${from} to ${record.runId}.\n`);
}

async function publishOptions(context: CliContext, job: string, flags: PublishFlags) {
  const { watchRun } = await import('../watch-run.ts');
  const watch = watchRun(context, { quiet: flags.quiet === true, debug: flags.debug === true, job });
  return {
    watch,
    signal: context.signal,
    effects: { clock: systemClock, log: watch.log, progress: watch.progress },
  };
}

function show(context: CliContext, flags: PublishFlags, record: RunRecord, first: string): void {
  if (flags.json === true) context.out(`${JSON.stringify(record, null, 2)}\n`);
  else if (flags.quiet !== true) context.out(first + renderRecord(record));
}
