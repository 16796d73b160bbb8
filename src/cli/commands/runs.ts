import type { Command } from 'commander';
import { jobFolder } from '../../runs/layout.ts';
import type { RunSummary } from '../../runs/run-summary.ts';
import type { CliContext } from '../context.ts';
import { formatCount, formatPairs, formatSeconds, formatTable } from '../format.ts';
import { addOptions, debugOption, jsonOption, option, outputOption } from '../options.ts';
import { renderRecord, shortPath } from '../render-run.ts';

interface RunsFlags {
  readonly output?: string;
  readonly job?: string;
  readonly json?: boolean;
}

export function addRunsCommand(program: Command, context: CliContext): void {
  const runs = program.command('runs').description('The history: what ran, and what readers see.');
  const ls = runs.command('ls').description('List the runs, newest first.');
  addOptions(ls, [
    option('--job <job>', 'only this job'),
    outputOption(),
    jsonOption('the runs'),
    debugOption(),
  ]);
  ls.action((flags: RunsFlags) => listCommand(context, flags));
  const show = runs
    .command('show')
    .description('Show one run.')
    .argument('<run>', 'its id, or the beginning of it');
  addOptions(show, [outputOption(), jsonOption('the run record'), debugOption()]);
  show.action((runId: string, flags: RunsFlags) => showCommand(context, runId, flags));
}

async function listCommand(context: CliContext, flags: RunsFlags): Promise<void> {
  const runs = await allRuns(context, flags);
  if (flags.json === true) context.out(`${JSON.stringify(runs, null, 2)}\n`);
  else if (runs.length === 0) context.out('No runs yet. Make one with: serve-batch run\n');
  else
    context.out(
      formatTable(['RUN', 'JOB', 'STATUS', 'ROWS', 'REJECTS', 'ROWS/S', 'DURATION'], runs.map(cells)),
    );
}

async function allRuns(context: CliContext, flags: RunsFlags): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  const { outputRoots } = await import('../job-place.ts');
  const { listJobs, listRuns } = await import('../../runs/ledger.ts');
  for (const root of await outputRoots(context, flags)) {
    for (const job of await listJobs(root)) {
      if (flags.job === undefined || flags.job === job) runs.push(...(await listRuns(jobFolder(root, job))));
    }
  }
  return runs.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}

function cells({ runId, job, status, plan, record }: RunSummary): string[] {
  return [
    runId,
    job,
    status,
    formatCount(record?.rowsIn ?? plan?.rows ?? 0),
    record === undefined ? '' : formatCount(record.rejects),
    record === undefined ? '' : formatCount(record.throughputRowsPerSecond),
    record === undefined ? '' : formatSeconds(record.durationSeconds),
  ];
}

async function showCommand(context: CliContext, runId: string, flags: RunsFlags): Promise<void> {
  const { placeOfRun } = await import('../job-place.ts');
  const { listRuns } = await import('../../runs/ledger.ts');
  const { run } = await placeOfRun(context, runId, flags);
  const summary = (await listRuns(run.folderOfJob)).find((each) => each.runId === run.runId);
  if (summary === undefined) throw new Error(`${run.runId} vanished while it was read`);
  if (flags.json === true)
    context.out(
      `${JSON.stringify(summary.record === undefined ? summary : { ...summary.record, status: summary.status }, null, 2)}\n`,
    );
  else context.out(renderSummary(summary, shortPath(run.folderOfJob)));
}

function renderSummary(summary: RunSummary, folder: string): string {
  const { record, status, plan, publishedAt } = summary;
  if (record !== undefined)
    return `${renderRecord({ ...record, status })}${publishedAt === undefined ? '' : `  published at ${publishedAt}\n`}`;
  return `Run ${summary.runId} of ${summary.job}: ${status}\n${formatPairs([
    ['rows', plan === undefined ? 'not planned yet' : formatCount(plan.rows)],
    ...(plan === undefined ? [] : [['batches', `${formatCount(plan.batchSize)} rows`] as const]),
    ['folder', folder],
    ['next', status === 'interrupted' ? 'the same command continues it' : status],
  ])}`;
}
