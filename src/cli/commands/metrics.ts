import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, option, outputOption } from '../options.ts';

interface MetricsFlags {
  readonly textfile?: string;
  readonly output?: string;
}

export function addMetricsCommand(program: Command, context: CliContext): void {
  const command = program
    .command('metrics')
    .description('Print metrics of the runs for Prometheus.')
    .argument('[jobs...]', 'the jobs (default: all that have runs)');
  addOptions(command, [
    option('--textfile <path>', "write them to a file of node_exporter's textfile collector: NAME.prom"),
    outputOption(),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
Examples:
  serve-batch metrics weekly-forecast
  serve-batch metrics --textfile /var/lib/node_exporter/serve-batch.prom
  serve-batch metrics weekly-forecast | curl --data-binary @- http://pushgateway:9091/metrics/job/weekly-forecast`,
  );
  command.action((jobs: readonly string[], flags: MetricsFlags) => tellMetrics(context, jobs, flags));
}

async function tellMetrics(context: CliContext, jobs: readonly string[], flags: MetricsFlags): Promise<void> {
  const text = await metricsText(context, jobs, flags);
  if (flags.textfile === undefined) context.out(text);
  else await toTextfile(resolve(context.cwd, flags.textfile), text);
}

async function metricsText(
  context: CliContext,
  jobs: readonly string[],
  flags: MetricsFlags,
): Promise<string> {
  const { foldersOfJobs, placeOfJob } = await import('../targets/job-place.ts');
  const { readRunFigures } = await import('../../notify/metrics/run-figures.ts');
  const { runMetricsText } = await import('../../notify/metrics/run-metrics.ts');
  const folders =
    jobs.length === 0
      ? await foldersOfJobs(context, flags)
      : await Promise.all(jobs.map(async (job) => (await placeOfJob(context, job, flags)).folderOfJob));
  const figures = folders.map((folder) => readRunFigures(folder, basename(folder), systemClock));
  return runMetricsText(await Promise.all(figures));
}

async function toTextfile(path: string, text: string): Promise<void> {
  if (!path.endsWith('.prom'))
    throw new ServeBatchError(
      'USAGE',
      `--textfile is ${path}; expected a name that ends in .prom: node_exporter reads no others.`,
    );
  const { writeTextfile } = await import('../../notify/metrics/textfile.ts');
  await writeTextfile(path, text);
}
