import type { Command } from 'commander';
import { systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { ScoredJob } from '../../jobs/accuracy/score-runs.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { isRunId } from '../../runs/run-id.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, jsonOption, outputOption, wholeNumber } from '../options.ts';

interface EvaluateFlags {
  readonly output?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

export function addEvaluateCommand(program: Command, context: CliContext): void {
  const command = program
    .command('evaluate')
    .description('Score published runs against the real values (the actuals of the job file).')
    .argument('<job-or-run>', 'a job in jobs/, for all its published runs; or the id of a run');
  addOptions(command, [
    wholeNumber('--limit <n>', 'with a job: only its newest N published runs'),
    outputOption(),
    jsonOption('the records of the runs'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
Examples:
  serve-batch evaluate weekly-forecast
  serve-batch evaluate 20261121T000000Z-k3x9 --json

A run is scored once for each version of the actuals. A scheduler does so automatically.`,
  );
  command.action((wanted: string, flags: EvaluateFlags) => evaluate(context, wanted, flags));
}

async function evaluate(context: CliContext, wanted: string, flags: EvaluateFlags): Promise<void> {
  const { spec, runs } = isRunId(wanted)
    ? await oneRun(context, wanted, flags)
    : await runsOfJob(context, wanted, flags);
  const { scoreRuns } = await import('../../jobs/accuracy/score-runs.ts');
  const { renderScores, failureOf } = await import('../render/render-scores.ts');
  const { signal, workers } = context;
  const scored = await scoreRuns(spec, runs, { signal, startWorkers: workers.start });
  if (flags.json === true) {
    const records = scored.flatMap((each) => ('record' in each ? [each.record] : []));
    context.out(`${JSON.stringify(records, null, 2)}\n`);
  } else context.out(renderScores(spec.name, runs, scored, context.width));
  const failure = failureOf(scored);
  if (failure !== null) throw failure;
}

interface RunsToScore {
  readonly spec: ScoredJob;
  /** Newest first. */
  readonly runs: readonly RunSummary[];
}

async function runsOfJob(context: CliContext, job: string, flags: EvaluateFlags): Promise<RunsToScore> {
  const { folderOfJob } = await import('../../jobs/plan/locations.ts');
  const { listRuns } = await import('../../runs/list/run-list.ts');
  const { SEEN_BY_READERS } = await import('../../jobs/accuracy/score-runs.ts');
  const spec = await jobWithActuals(context, job, flags);
  const limit = flags.limit === undefined ? {} : { limit: flags.limit };
  const runs = await listRuns(folderOfJob(spec), systemClock, { statuses: SEEN_BY_READERS, ...limit });
  return { spec, runs };
}

/** Also one that was never published: how good it would have been. */
async function oneRun(context: CliContext, runId: string, flags: EvaluateFlags): Promise<RunsToScore> {
  const { placeOfRun } = await import('../targets/job-place.ts');
  const { listRuns } = await import('../../runs/list/run-list.ts');
  const { run } = await placeOfRun(context, runId, flags);
  const spec = await jobWithActuals(context, run.job, flags);
  const runs = (await listRuns(run.folderOfJob, systemClock)).filter((each) => each.runId === run.runId);
  const [found] = runs;
  if (found?.record === undefined || found.record.error !== undefined)
    throw new ServeBatchError(
      'NOT_FOUND',
      `Run ${run.runId} is not committed: it has no predictions to compare with what came true. Name a committed run: "serve-batch runs ls --job ${run.job}" lists them.`,
      { fields: { runId: run.runId } },
    );
  return { spec, runs };
}

async function jobWithActuals(
  { cwd, env, secrets }: CliContext,
  job: string,
  flags: EvaluateFlags,
): Promise<ScoredJob> {
  const { loadJob } = await import('../../config/load-job.ts');
  const { overrideJob } = await import('../../config/override-job.ts');
  const loaded = await loadJob(job, { projectFolder: cwd, env });
  secrets.addAll(loaded.secrets);
  const spec = overrideJob(loaded.spec, flags.output === undefined ? {} : { output: flags.output });
  if (spec.actuals !== null) return { ...spec, actuals: spec.actuals };
  throw new ServeBatchError(
    'USAGE',
    `The job ${spec.name} has no actuals to compare with. Add them to its job file, for example actuals: {table: data/sold.parquet, column: sold}.`,
    { fields: { job: spec.name } },
  );
}
