import { basename } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../../core/effects.ts';
import { ServeBatchError } from '../../../core/errors.ts';
import { formatPercent } from '../../../core/text/amounts.ts';
import { suggestion } from '../../../core/text/nearest.ts';
import type { RunProgress } from '../../../history/progress-of-run.ts';
import { runPaths } from '../../../runs/layout.ts';
import type { RunFilter } from '../../../runs/list/run-list.ts';
import { RUN_STATUSES, type RunStatus } from '../../../runs/list/run-status.ts';
import type { RunSummary } from '../../../runs/list/run-summary.ts';
import type { CliContext } from '../../context.ts';
import { addOptions, debugOption, jsonOption, option, outputOption, wholeNumber } from '../../options.ts';
import { fitTable } from '../../render/fit-table.ts';
import { formatCount, formatSeconds, shortTime } from '../../render/format.ts';
import { pointInTime } from '../../targets/point-in-time.ts';

/** Columns that a narrow window does without, the first of them first. */
const EXPENDABLE = ['ROWS/S', 'DURATION', 'REJECTS', 'COVERAGE', 'ROWS'];

interface ListFlags {
  readonly output?: string;
  readonly job?: string;
  readonly status?: readonly string[];
  readonly since?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

export function addListCommand(runs: Command, context: CliContext): void {
  const ls = runs.command('ls').description('List the runs, newest first.');
  addOptions(ls, [
    option('--job <job>', 'only this job'),
    option(
      '--status <status>',
      `only runs of this status: ${RUN_STATUSES.join(', ')} (repeatable)`,
    ).argParser((value: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      ...value.split(','),
    ]),
    option('--since <time>', 'only runs begun since then: 7d, 2026-11-01 or 2026-11-01T06:00Z'),
    wholeNumber('--limit <n>', 'show only the newest N runs'),
    outputOption(),
    jsonOption('the runs'),
    debugOption(),
  ]);
  ls.addHelpText(
    'after',
    '\nExamples:\n  serve-batch runs ls --since 7d --status failed,interrupted\n  serve-batch runs ls --job sales --limit 10',
  );
  ls.action((flags: ListFlags) => listCommand(context, flags));
}

async function listCommand(context: CliContext, flags: ListFlags): Promise<void> {
  const filter = filterOf(flags);
  const runs = newestOf(await allRuns(context, flags, filter), filter);
  if (flags.json === true) return context.out(`${JSON.stringify(runs, null, 2)}\n`);
  const listed = newestOf([...runs, ...(await failedOccurrences(context, flags, filter))], filter);
  if (listed.length > 0) showRuns(context, listed, await progressOfUnfinished(context, flags, runs));
  else if (Object.keys(filter).length > 0) context.out('No such runs.\n');
  else context.out('No runs yet. Make one with: serve-batch run\n');
}

function filterOf({ status, since, limit }: ListFlags): RunFilter {
  return {
    ...(status === undefined ? {} : { statuses: status.map(statusNamed) }),
    ...(since === undefined ? {} : { since: pointInTime(since, '--since', systemClock.now()) }),
    ...(limit === undefined ? {} : { limit }),
  };
}

/** `rolled-back` needs no quotes in a shell. */
function statusNamed(text: string): RunStatus {
  const name = text.trim().toLowerCase().replace(/[-_]/g, ' ');
  const status = RUN_STATUSES.find((each) => each === name);
  if (status !== undefined) return status;
  throw new ServeBatchError(
    'USAGE',
    `--status is "${text}"; expected ${RUN_STATUSES.join(', ')}.${suggestion(name, RUN_STATUSES)}`,
  );
}

async function allRuns(
  context: CliContext,
  flags: ListFlags,
  filter: RunFilter,
): Promise<readonly RunSummary[]> {
  const { foldersOfJobs } = await import('../../targets/job-place.ts');
  const { listRuns } = await import('../../../runs/list/run-list.ts');
  const runs: RunSummary[] = [];
  for (const folder of await foldersOfJobs(context, flags))
    runs.push(...(await listRuns(folder, systemClock, filter)));
  return runs;
}

/** Occurrences that failed for good before there was a run: nothing else in the list would tell of them. */
async function failedOccurrences(
  context: CliContext,
  flags: ListFlags,
  { since, statuses, limit }: RunFilter,
): Promise<readonly ListedRun[]> {
  if (statuses?.includes('failed') === false) return [];
  const { foldersOfJobs } = await import('../../targets/job-place.ts');
  const { failedWithoutRun } = await import('../../../runs/occurrence/list-occurrences.ts');
  const failed: ListedRun[] = [];
  for (const folder of await foldersOfJobs(context, flags)) {
    const range = { ...(since === undefined ? {} : { since }), ...(limit === undefined ? {} : { limit }) };
    for (const { job, occurrence, at } of await failedWithoutRun(folder, systemClock, range))
      failed.push({ runId: '-', job, occurrence, status: 'failed', createdAt: at ?? occurrence });
  }
  return failed;
}

/** What is shown of a run, and of an occurrence that has none. */
type ListedRun = Pick<RunSummary, 'runId' | 'job' | 'occurrence' | 'status' | 'createdAt'> &
  Partial<Pick<RunSummary, 'record' | 'canaryShare'>>;

function newestOf<T extends ListedRun>(runs: readonly T[], { limit }: RunFilter): readonly T[] {
  return [...runs].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)).slice(0, limit);
}

/** How far the runs came that are not committed, by id. */
async function progressOfUnfinished(
  context: CliContext,
  flags: ListFlags,
  runs: readonly RunSummary[],
): Promise<ReadonlyMap<string, RunProgress>> {
  const unfinished = runs.filter(({ record }) => record === undefined);
  const progress = new Map<string, RunProgress>();
  if (unfinished.length === 0) return progress;
  const { foldersOfJobs } = await import('../../targets/job-place.ts');
  const { progressOfRun } = await import('../../../history/progress-of-run.ts');
  for (const folder of await foldersOfJobs(context, flags))
    for (const { runId, job } of unfinished) {
      const found = job === basename(folder) ? await progressOfRun(runPaths(folder, runId)) : null;
      if (found !== null) progress.set(runId, found);
    }
  return progress;
}

/** Columns that only some projects need are shown where a run needs them. */
function showRuns(
  context: CliContext,
  runs: readonly ListedRun[],
  progress: ReadonlyMap<string, RunProgress>,
): void {
  const hasOccurrence = runs.some(({ occurrence }) => occurrence !== null);
  const hasCoverage = runs.some(({ record }) => record?.coverage !== undefined);
  const header = [
    'RUN',
    'JOB',
    ...(hasOccurrence ? ['OCCURRENCE'] : []),
    'STATUS',
    'ROWS',
    'REJECTS',
    'ROWS/S',
    'DURATION',
    ...(hasCoverage ? ['COVERAGE'] : []),
  ];
  const rows = runs.map(({ runId, job, occurrence, status, canaryShare, record }) => [
    runId,
    job,
    ...(hasOccurrence ? [shortTime(occurrence)] : []),
    statusText({ status, canaryShare }),
    record === undefined ? progressText(progress.get(runId)) : formatCount(record.rowsIn),
    record === undefined ? '' : formatCount(record.rejects),
    record === undefined || record.throughputRowsPerSecond === 0
      ? ''
      : formatCount(record.throughputRowsPerSecond),
    record === undefined ? '' : formatSeconds(record.durationSeconds),
    ...(hasCoverage ? [record?.coverage === undefined ? '' : formatPercent(record.coverage.ratio)] : []),
  ]);
  const { text, leftOut } = fitTable(header, rows, context.width, EXPENDABLE);
  context.out(text);
  if (leftOut.length > 0)
    context.err(
      `Left out to fit the window: ${leftOut.join(', ')}. A wider window shows all, as --json does.\n`,
    );
}

/** `candidate, canary 5%`. */
function statusText({
  status,
  canaryShare,
}: Pick<ListedRun, 'status'> & { readonly canaryShare: number | null | undefined }): string {
  return canaryShare === undefined || canaryShare === null
    ? status
    : `${status}, canary ${formatPercent(canaryShare)}`;
}

function progressText(progress: RunProgress | undefined): string {
  return progress === undefined
    ? ''
    : `${formatCount(progress.rows)} of ${formatCount(progress.rowsPlanned)}`;
}
