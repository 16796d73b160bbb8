import type { Command } from 'commander';
import { systemClock } from '../../../core/effects.ts';
import { ServeBatchError, toServeBatchError } from '../../../core/errors.ts';
import type { HistoryJob } from '../../../history/history-jobs.ts';
import type { PruneRule } from '../../../history/prune/prune-plan.ts';
import type { PruneResult } from '../../../history/prune/prune-runs.ts';
import type { CliContext } from '../../context.ts';
import {
  addOptions,
  debugOption,
  jsonOption,
  kvOption,
  option,
  outputOption,
  wholeNumber,
} from '../../options.ts';
import { formatBytes, formatCount, formatNumber, formatTable } from '../../render/format.ts';
import { pointInTime } from '../../targets/point-in-time.ts';

interface PruneFlags {
  readonly output?: string;
  readonly job?: string;
  readonly as?: string;
  readonly keep?: number;
  readonly olderThan?: string;
  readonly store?: boolean;
  readonly kv?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface PrunedJob extends PruneResult {
  readonly job: string;
}

export function addPruneCommand(runs: Command, context: CliContext): void {
  const prune = runs.command('prune').description('Delete the folders of old runs.');
  addOptions(prune, [
    option('--job <job>', 'only this job'),
    option(
      '--as <name>',
      'delete a whole candidate that "run JOB --as NAME" made, including what its readers see',
    ),
    wholeNumber('--keep <n>', 'keep the newest N runs of each job'),
    option('--older-than <time>', 'delete only runs that began before this: 90d or 2026-11-01'),
    option('--store', 'also drop what neither readers nor a rollback need from the stores'),
    option('--dry-run', 'show what would be deleted, and delete nothing'),
    outputOption(),
    kvOption(),
    jsonOption('what was deleted'),
    debugOption(),
  ]);
  prune.addHelpText(
    'after',
    `
Give --keep, --older-than or both; with both, a run goes where both let it go. --store also works alone: it
drops generations beyond kv.keep, and what runs that failed or were killed have left in a store.
Never deleted: the published run, the one that a rollback would go to, a run that is running, and, of a job
with input.incremental, the newest committed run. Runs newer than the published one go only by --older-than.

Examples:
  serve-batch runs prune --keep 10 --older-than 90d --dry-run
  serve-batch runs prune --job sales --keep 10
  serve-batch runs prune --job sales --store
  serve-batch runs prune --as sales-trial`,
  );
  prune.action((flags: PruneFlags) => pruneCommand(context, flags));
}

async function pruneCommand(context: CliContext, flags: PruneFlags): Promise<void> {
  if (flags.as !== undefined) return removeNamed(context, flags.as, flags);
  const rule = ruleOf(flags);
  const { outputRoots } = await import('../../targets/job-place.ts');
  const { historyJobs } = await import('../../../history/history-jobs.ts');
  const jobs = await historyJobs(await outputRoots(context, flags), flags.job);
  if (flags.job !== undefined && jobs.length === 0)
    throw new ServeBatchError(
      'NOT_FOUND',
      `The job "${flags.job}" has no runs. "serve-batch runs ls" lists the runs of all jobs.`,
    );
  const { pruned, problem } = await pruneJobs(context, jobs, rule, flags);
  if (flags.json === true)
    context.out(`${JSON.stringify({ dryRun: flags.dryRun === true, jobs: pruned }, null, 2)}\n`);
  else context.out(renderPruned(pruned, flags.dryRun === true));
  if (problem !== undefined) throw problem;
}

/** All of a candidate goes: there are no old runs to tell from others. */
async function removeNamed(context: CliContext, name: string, flags: PruneFlags): Promise<void> {
  if ([flags.job, flags.keep, flags.olderThan, flags.store].some((each) => each !== undefined))
    throw new ServeBatchError(
      'USAGE',
      '--as deletes a candidate with all of its runs; --job, --keep, --older-than and --store do not go with it. Leave them out.',
    );
  const { placeOfJob } = await import('../../targets/job-place.ts');
  const { removeCandidate } = await import('../../../history/prune/remove-candidate.ts');
  const { withStore } = await import('../../with-store.ts');
  const { folderOfJob, storeUrl } = await placeOfJob(context, name, flags);
  const dryRun = flags.dryRun === true;
  const removed = await withStore(context, { job: name, folderOfJob, storeUrl }, (store) =>
    removeCandidate({ folderOfJob, store, dryRun, clock: systemClock }),
  );
  const done = dryRun ? 'Would delete' : 'Deleted';
  const runs = formatNumber(removed.runs.length, 'run');
  if (flags.json === true)
    context.out(`${JSON.stringify({ dryRun, candidate: name, ...removed }, null, 2)}\n`);
  else
    context.out(
      `${done} the candidate ${name} of ${removed.of}: ${runs}, ${formatBytes(removed.bytes)}, and its predictions in the store.\n`,
    );
}

function ruleOf({ keep, olderThan, store }: PruneFlags): PruneRule {
  if (keep === undefined && olderThan === undefined && store !== true)
    throw new ServeBatchError(
      'USAGE',
      'runs prune has to know which runs are old. Give --keep 10, --older-than 90d, or both; or --store, for stores alone.',
    );
  return {
    ...(keep === undefined ? {} : { keep }),
    ...(olderThan === undefined
      ? {}
      : { olderThan: pointInTime(olderThan, '--older-than', systemClock.now()) }),
  };
}

/** A job that is running keeps the others from nothing; the command ends with its error all the same. */
async function pruneJobs(
  context: CliContext,
  jobs: readonly HistoryJob[],
  rule: PruneRule,
  flags: PruneFlags,
): Promise<{ readonly pruned: readonly PrunedJob[]; readonly problem: ServeBatchError | undefined }> {
  const { pruneRuns } = await import('../../../history/prune/prune-runs.ts');
  const { withStore } = await import('../../with-store.ts');
  const pruned: PrunedJob[] = [];
  let problem: ServeBatchError | undefined;
  const { signal } = context;
  for (const each of jobs) {
    const { job, folderOfJob } = each;
    const storeUrl = flags.store === true ? await storeUrlOf(context, each, flags) : null;
    const request = { folderOfJob, rule, dryRun: flags.dryRun === true, clock: systemClock, signal };
    try {
      const result = await withStore(context, { job, folderOfJob, storeUrl }, (store) =>
        pruneRuns({ ...request, store }),
      );
      pruned.push({ job, ...result });
    } catch (error) {
      problem = toServeBatchError(error);
      if (problem.code !== 'LOCKED') throw problem;
    }
  }
  return { pruned, problem };
}

async function storeUrlOf(context: CliContext, job: HistoryJob, flags: PruneFlags): Promise<string | null> {
  const { storeOfFolder } = await import('../../targets/job-place.ts');
  return storeOfFolder(context, job, flags);
}

function renderPruned(jobs: readonly PrunedJob[], dryRun: boolean): string {
  const rows = jobs.flatMap(({ job, pruned }) =>
    pruned.map(({ runId, bytes }) => [runId, job, formatBytes(bytes)]),
  );
  const bytes = jobs.reduce((sum, each) => sum + each.bytes, 0);
  const kept = jobs.reduce((sum, each) => sum + each.kept, 0);
  const done = dryRun ? 'Would delete' : 'Deleted';
  const runs = rows.length === 1 ? '1 run' : `${formatCount(rows.length)} runs`;
  const table = rows.length === 0 ? '' : formatTable(['RUN', 'JOB', 'SIZE'], rows);
  const files = jobs.reduce((sum, each) => sum + each.occurrenceFiles, 0);
  const ledger = files === 0 ? '' : `${done} ${formatNumber(files, 'file')} of old occurrences.\n`;
  return `${table}${done} ${runs}, ${formatBytes(bytes)}; ${formatCount(kept)} kept.\n${ledger}${renderDropped(jobs, dryRun)}`;
}

function renderDropped(jobs: readonly PrunedJob[], dryRun: boolean): string {
  const verb = dryRun ? 'Would drop' : 'Dropped';
  return jobs
    .filter(({ generations }) => generations.length > 0)
    .map(({ job, generations }) => `${verb} from the store of ${job}: ${generations.join(', ')}\n`)
    .join('');
}
