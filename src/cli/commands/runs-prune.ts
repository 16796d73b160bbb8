import type { Command } from 'commander';
import { systemClock } from '../../core/effects.ts';
import { ServeBatchError, toServeBatchError } from '../../core/errors.ts';
import type { HistoryJob } from '../../history/history-jobs.ts';
import type { PruneRule } from '../../history/prune-plan.ts';
import type { PruneResult } from '../../history/prune-runs.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, jsonOption, option, outputOption, wholeNumber } from '../options.ts';
import { pointInTime } from '../point-in-time.ts';
import { formatBytes, formatCount, formatTable } from '../render/format.ts';

interface PruneFlags {
  readonly output?: string;
  readonly job?: string;
  readonly keep?: number;
  readonly olderThan?: string;
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
    wholeNumber('--keep <n>', 'keep the newest N runs of each job'),
    option('--older-than <time>', 'delete only runs begun before then: 90d or 2026-11-01'),
    option('--dry-run', 'show what would be deleted, and delete nothing'),
    outputOption(),
    jsonOption('what was deleted'),
    debugOption(),
  ]);
  prune.addHelpText(
    'after',
    `
Give --keep, --older-than or both; with both, a run goes where both let it go.
Never deleted: the published run, the one that a rollback would go to, a run that is running, and, of a job
with input.incremental, the newest committed run. Runs newer than the published one go only by --older-than.

Examples:
  serve-batch runs prune --keep 10 --older-than 90d --dry-run
  serve-batch runs prune --job sales --keep 10`,
  );
  prune.action((flags: PruneFlags) => pruneCommand(context, flags));
}

async function pruneCommand(context: CliContext, flags: PruneFlags): Promise<void> {
  const rule = ruleOf(flags);
  const { outputRoots } = await import('../job-place.ts');
  const { historyJobs } = await import('../../history/history-jobs.ts');
  const jobs = await historyJobs(await outputRoots(context, flags), flags.job);
  if (flags.job !== undefined && jobs.length === 0)
    throw new ServeBatchError(
      'NOT_FOUND',
      `The job "${flags.job}" has no runs. "serve-batch runs ls" lists the runs of all jobs.`,
    );
  const { pruned, problem } = await pruneJobs(context, jobs, rule, flags.dryRun === true);
  if (flags.json === true)
    context.out(`${JSON.stringify({ dryRun: flags.dryRun === true, jobs: pruned }, null, 2)}\n`);
  else context.out(renderPruned(pruned, flags.dryRun === true));
  if (problem !== undefined) throw problem;
}

function ruleOf({ keep, olderThan }: PruneFlags): PruneRule {
  if (keep === undefined && olderThan === undefined)
    throw new ServeBatchError(
      'USAGE',
      'runs prune has to know which runs are old. Give --keep 10, --older-than 90d, or both.',
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
  { signal }: CliContext,
  jobs: readonly HistoryJob[],
  rule: PruneRule,
  dryRun: boolean,
): Promise<{ readonly pruned: readonly PrunedJob[]; readonly problem: ServeBatchError | undefined }> {
  const { pruneRuns } = await import('../../history/prune-runs.ts');
  const pruned: PrunedJob[] = [];
  let problem: ServeBatchError | undefined;
  for (const { job, folderOfJob } of jobs) {
    try {
      pruned.push({ job, ...(await pruneRuns({ folderOfJob, rule, dryRun, clock: systemClock, signal })) });
    } catch (error) {
      problem = toServeBatchError(error);
      if (problem.code !== 'LOCKED') throw problem;
    }
  }
  return { pruned, problem };
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
  return `${table}${done} ${runs}, ${formatBytes(bytes)}; ${formatCount(kept)} kept.\n`;
}
