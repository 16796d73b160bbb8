import type { Command } from 'commander';
import type { AccuracyRecord } from '../../../accuracy/accuracy-record.ts';
import { ServeBatchError } from '../../../core/errors.ts';
import { formatPercent } from '../../../core/text/amounts.ts';
import type { RunProgress } from '../../../history/progress-of-run.ts';
import { runPaths } from '../../../runs/layout.ts';
import type { FoundRun } from '../../../runs/list/find-run.ts';
import type { RunSummary } from '../../../runs/list/run-summary.ts';
import type { RunRecord } from '../../../runs/record/run-record.ts';
import type { CliContext } from '../../context.ts';
import { addOptions, debugOption, jsonOption, option, outputOption, wholeNumber } from '../../options.ts';
import { formatCount, formatNumber, formatPairs, shortTime } from '../../render/format.ts';
import { accuracyPairs, horizonTable } from '../../render/render-accuracy.ts';
import { renderDetails } from '../../render/render-details.ts';
import { detailPairs, summaryPairs } from '../../render/render-record.ts';
import { renderRows } from '../../render/render-result.ts';
import { shortPath } from '../../render/short-path.ts';

/** Shards, reasons of rejects and rejected rows that are shown where the user does not say. */
const SHOWN_SHARDS = 5;
const SHOWN_REASONS = 10;
const SHOWN_ROWS = 20;

interface ShowFlags {
  readonly output?: string;
  readonly missing?: boolean;
  readonly rejects?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
}

export function addShowCommand(runs: Command, context: CliContext): void {
  const show = runs
    .command('show')
    .description('Show one run: its stages, its slowest shards, and why rows were rejected.')
    .argument('<run>', 'its id, or the first characters of it');
  addOptions(show, [
    option('--missing', 'list the keys of the grid that have no prediction'),
    option('--rejects', 'list the rejected rows'),
    wholeNumber(
      '--limit <n>',
      `with --missing or --rejects: at most N rows (default: ${SHOWN_ROWS}; with --json all)`,
    ),
    outputOption(),
    jsonOption('the run record, or the rows,'),
    debugOption(),
  ]);
  show.action((runId: string, flags: ShowFlags) => showCommand(context, runId, flags));
}

async function showCommand(context: CliContext, runId: string, flags: ShowFlags): Promise<void> {
  const { placeOfRun } = await import('../../targets/job-place.ts');
  const { run } = await placeOfRun(context, runId, flags);
  const summary = await summaryOf(run);
  if (flags.missing === true && flags.rejects === true)
    throw new ServeBatchError('USAGE', '--missing and --rejects cannot be given together; give one of them.');
  if (flags.missing === true && summary.record !== undefined && summary.record.coverage === undefined)
    throw new ServeBatchError(
      'USAGE',
      `Run ${run.runId} is of a table, not of a grid: nothing can be missing from it. Its rejected rows are listed by --rejects.`,
    );
  if (flags.missing === true || flags.rejects === true)
    await showRows(context, run, flags.missing === true ? 'missing' : 'rejects', flags);
  else await showSummary(context, run, summary, flags);
}

async function summaryOf(run: FoundRun): Promise<RunSummary> {
  const { listRuns } = await import('../../../runs/list/run-list.ts');
  const { runIdTime } = await import('../../../runs/run-id.ts');
  const { systemClock } = await import('../../../core/effects.ts');
  const since = new Date(runIdTime(run.runId) ?? 0);
  const newer = await listRuns(run.folderOfJob, systemClock, { since });
  const summary = newer.find((each) => each.runId === run.runId);
  if (summary === undefined) throw new Error(`${run.runId} vanished while it was read`);
  return summary;
}

async function showSummary(
  context: CliContext,
  run: FoundRun,
  summary: RunSummary,
  flags: ShowFlags,
): Promise<void> {
  const { slowestShards } = await import('../../../history/slowest-shards.ts');
  const { rejectReasons } = await import('../../../history/run-rejects.ts');
  const { record, status, publishedAt } = summary;
  const paths = runPaths(run.folderOfJob, run.runId);
  const { newestAccuracy } = await import('../../../accuracy/accuracy-record.ts');
  const accuracy = await newestAccuracy(paths.accuracy);
  const shards = await slowestShards(paths, record?.startedAt, SHOWN_SHARDS);
  const rejects = await rejectReasons(paths, SHOWN_REASONS, context.signal);
  if (flags.json === true) {
    const { canaryShare } = summary;
    const known =
      record === undefined
        ? summary
        : { ...record, status, publishedAt, ...(canaryShare === null ? {} : { canaryShare }) };
    const all = {
      ...{ ...known, slowestShards: shards, rejectReasons: rejects.top },
      ...(accuracy === undefined ? {} : { accuracy }),
    };
    context.out(`${JSON.stringify(all, null, 2)}\n`);
  } else if (record === undefined) {
    const { progressOfRun } = await import('../../../history/progress-of-run.ts');
    context.out(renderUnfinished(summary, await progressOfRun(paths), shortPath(run.folderOfJob)));
  } else {
    const table = accuracy === undefined ? '' : horizonTable(accuracy);
    context.out(
      `${renderFinished(summary, record, accuracy)}${renderDetails(record, shards, rejects)}${table === '' ? '' : `\n${table}`}`,
    );
  }
}

function renderFinished(
  { status, publishedAt, canaryShare }: RunSummary,
  record: RunRecord,
  accuracy: AccuracyRecord | undefined,
): string {
  const { versions, host, coverage, runId } = record;
  const missing = coverage === undefined ? 0 : coverage.expected - coverage.present;
  return `Run ${runId} of ${record.job}: ${status}\n${formatPairs([
    ...summaryPairs(record),
    ...(missing === 0 ? [] : [['missing', `${formatCount(missing)}; list them with --missing`] as const]),
    ...(publishedAt === undefined ? [] : [['published', shortTime(publishedAt)] as const]),
    ...(canaryShare === null
      ? []
      : [['canary', `it answers for ${formatPercent(canaryShare)} of the keys`] as const]),
    ...(accuracy === undefined ? [] : accuracyPairs(accuracy)),
    ...detailPairs(record),
    [
      'versions',
      `serve-batch ${versions.serveBatch}, Node ${versions.node}, ONNX Runtime ${versions.onnxruntime}, DuckDB ${versions.duckdb}; ${formatNumber(host.cpus, 'CPU')}`,
    ],
  ])}`;
}

function renderUnfinished(
  { runId, job, status, plan, occurrence }: RunSummary,
  progress: RunProgress | null,
  folder: string,
): string {
  const again = `serve-batch run ${job}${occurrence === null ? '' : ` --occurrence ${shortTime(occurrence)}`}`;
  return `Run ${runId} of ${job}: ${status}\n${formatPairs([
    [
      'rows',
      progress === null
        ? 'not planned yet'
        : `${formatCount(progress.rows)} of ${formatCount(progress.rowsPlanned)} scored`,
    ],
    ...(progress === null
      ? []
      : [
          [
            'shards',
            `${formatCount(progress.shards)} of ${formatCount(progress.shardsPlanned)} done`,
          ] as const,
        ]),
    ...(plan === undefined ? [] : [['batches', formatNumber(plan.batchSize, 'row')] as const]),
    ['folder', folder],
    ...(status === 'interrupted'
      ? [['next', `${again} continues it; repeat the flags it was started with`] as const]
      : []),
  ])}`;
}

async function showRows(
  context: CliContext,
  run: FoundRun,
  what: 'missing' | 'rejects',
  flags: ShowFlags,
): Promise<void> {
  const { rejectRows } = await import('../../../history/run-rejects.ts');
  const { jsonText } = await import('../../../history/result-text.ts');
  const isJson = flags.json === true;
  const limit = flags.limit ?? (isJson ? undefined : SHOWN_ROWS);
  const request = {
    paths: runPaths(run.folderOfJob, run.runId),
    what,
    limit,
    text: isJson ? ('json' as const) : ('plain' as const),
    signal: context.signal,
  };
  const shown = await rejectRows(request, async (rows, total) => {
    if (isJson) {
      for await (const text of jsonText(rows)) context.out(text);
      return;
    }
    const { text } = await renderRows(rows, total, context.width);
    const more = total - Math.min(total, limit ?? total);
    context.out(
      `${text}${more === 0 ? '' : `and ${formatCount(more)} more: --limit or --json shows them\n`}`,
    );
  });
  if (shown === null)
    context.out(isJson ? '[]\n' : what === 'missing' ? 'Nothing is missing.\n' : 'No row was rejected.\n');
}
