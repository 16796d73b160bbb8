import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { ServeBatchError } from '../../core/errors.ts';
import { writeFileDurably } from '../../core/files/durable-file.ts';
import { withPublicPaths } from '../../core/files/mirror.ts';
import { formatBytes } from '../../core/text/amounts.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, option } from '../options.ts';
import type { NamedRun } from '../targets/named-runs.ts';

interface ReportFlags {
  readonly report?: string;
  readonly output?: string;
  readonly against?: string;
}

export function addReportCommand(program: Command, context: CliContext): void {
  const command = program
    .command('report')
    .description('Make an HTML page with charts of a run.')
    .argument('<run>', 'its id, or the first characters of it; or a job, for its published run');
  addOptions(command, [
    option('-o, --report <file>', 'the page to write, or - for standard output (default: report-RUN.html)'),
    option('--against <run>', 'compare it key by key with another run: an id, a job, published or previous'),
    option(
      '--output <path>',
      'the folder of all jobs, or one file: NAME.parquet, .csv, .csv.gz or .jsonl (default: the job\'s, or "out")',
    ),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    '\nExamples:\n  serve-batch report sales -o report.html           the published run of the job "sales"\n  serve-batch report 20261121T000000Z-k3x9 -o -     a run, to standard output\n  serve-batch report 20261121T000000Z-k3x9 --against published     a candidate, key by key',
  );
  command.action((run: string, flags: ReportFlags) => reportCommand(context, run, flags));
}

async function reportCommand(context: CliContext, wanted: string, flags: ReportFlags): Promise<void> {
  if (/\.html?$/i.test(flags.output ?? ''))
    throw new ServeBatchError(
      'USAGE',
      `--output is "${flags.output}": that is where the runs lie. The page is written where -o (--report) says: -o ${flags.output}.`,
    );
  const { findReported } = await import('../targets/reported-run.ts');
  const run = await findReported(context, wanted, flags);
  const { folderOfJob, runId } = run;
  const { learnSecrets } = await import('../targets/job-place.ts');
  await learnSecrets(context, basename(folderOfJob));
  const { makeReport } = await import('../../report/make-report.ts');
  const against = await againstOf(context, run, flags);
  const report = await makeReport({ folderOfJob, runId, ...against, signal: context.signal });
  const page = context.secrets.mask(withPublicPaths(report));
  const target = flags.report ?? `report-${runId}.html`;
  if (target === '-') {
    context.out(page);
    return;
  }
  await writeFileDurably(resolve(context.cwd, target), page);
  context.out(`The report of run ${runId} is ${target} (${formatBytes(Buffer.byteLength(page))}).\n`);
}

async function againstOf(
  context: CliContext,
  run: NamedRun,
  { against, ...flags }: ReportFlags,
): Promise<{ readonly against?: NamedRun }> {
  if (against === undefined) return {};
  const { findOtherRun } = await import('../targets/named-runs.ts');
  return { against: await findOtherRun(context, run, against, flags) };
}
