import type { Command } from 'commander';
import type { BoundJob } from '../../config/job-spec.ts';
import { systemClock } from '../../core/effects.ts';
import { type Readiness, runsWithout } from '../../core/readiness.ts';
import type { NothingNew } from '../../jobs/incremental/nothing-new.ts';
import type { PublishRule, RunJobOptions } from '../../jobs/run-job-options.ts';
import type { CliContext } from '../context.ts';
import {
  addOptions,
  DEFAULT_GRACE_SECONDS,
  debugOption,
  graceOption,
  jsonOption,
  option,
  queueOption,
  verboseOption,
} from '../options.ts';
import { renderPlan } from '../render/render-plan.ts';
import { renderRun } from '../render/render-run.ts';
import { type JobFlags, jobOptions, runFlags } from '../targets/job-flags.ts';
import { jobReadiness } from '../targets/job-readiness.ts';
import type { RunWatch } from '../watch/watch-run.ts';

interface RunCommandFlags extends JobFlags {
  readonly queue?: string;
  readonly dryRun?: boolean;
  readonly resume: boolean;
  readonly force?: boolean;
  readonly full?: boolean;
  readonly publish?: boolean;
  readonly as?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly grace?: number;
  readonly debug?: boolean;
}

export function addRunCommand(program: Command, context: CliContext): void {
  const command = program
    .command('run')
    .description('Score a table and publish the predictions.')
    .argument('[job]', 'a job in jobs/, or a job file (default: the default job)');
  addOptions(command, [
    ...jobOptions(),
    queueOption(),
    option('--dry-run', 'show the plan, and write nothing'),
    option('--resume', 'continue an interrupted run of the same input and model').default(true),
    option('--no-resume', 'start over instead of continuing'),
    option('-f, --force', 'score again even if the same run is complete'),
    option('--publish', 'publish even if readers see a newer occurrence'),
    option('--no-publish', 'make a candidate: a complete run that readers see only after "publish RUN"'),
    option('--as <name>', 'make a candidate with its own name, folder, store and readers'),
    option('--full', 'with input.incremental: take all data again, not only new data'),
    jsonOption('the run record (or the plan, with --dry-run)'),
    option('-q, --quiet', 'print only errors'),
    verboseOption(),
    graceOption(),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
Examples:
  serve-batch run                                          the default job of this project
  serve-batch run --input "data/2026-11-*/*.parquet"       the same, over other files
  serve-batch run weekly --kv redis://cache:6379 --processes 4
  serve-batch run --model m.onnx --input t.csv --output predictions.parquet
  serve-batch run --model m.onnx --input t.parquet --key store,product --field date
  cat t.csv | serve-batch run --input - --json > run.json`,
  );
  command.action((job: string | undefined, flags: RunCommandFlags) => run(context, job, flags));
}

async function run(context: CliContext, job: string | undefined, flags: RunCommandFlags): Promise<void> {
  const { signal, drain, stdin, workers } = context;
  if (flags.dryRun !== true) context.allowGrace(flags.grace ?? DEFAULT_GRACE_SECONDS);
  // It loads its libraries while the job is read; the command line may have started it before.
  workers.prepare();
  const { jobOfFlags } = await import('../targets/job-of-flags.ts');
  const { watchRun } = await import('../watch/watch-run.ts');
  const declared = await jobOfFlags(context, job, {
    ...runFlags(flags),
    ...(flags.queue === undefined ? {} : { queue: flags.queue }),
  });
  const spec = await specOfRun(context, declared, flags);
  const watch = watchRun(context, {
    quiet: flags.quiet === true,
    debug: flags.debug === true,
    job: spec.name,
  });
  const effects = { clock: systemClock, log: watch.log, progress: watch.progress };
  const { start: startWorkers } = workers;
  const mask = (text: string): string => context.secrets.mask(text);
  const full = flags.full === true;
  const publish = publishRule(flags);
  const candidateOf = flags.as === undefined ? null : declared.name;
  const request = { spec, effects, mask, signal, drain, stdin, startWorkers, full, publish, candidateOf };
  if (flags.dryRun === true) await showPlan(context, flags, request, watch);
  else await runAndShow(context, flags, request, watch);
}

async function specOfRun(
  context: CliContext,
  declared: BoundJob,
  { as, output }: RunCommandFlags,
): Promise<BoundJob> {
  if (as === undefined) return declared;
  const { namedCandidate } = await import('../targets/named-candidate.ts');
  return namedCandidate(context, declared, { as, ...(output === undefined ? {} : { output }) });
}

type RunRequest = Pick<
  RunJobOptions,
  'spec' | 'effects' | 'mask' | 'signal' | 'drain' | 'stdin' | 'startWorkers' | 'full'
> &
  Required<Pick<RunJobOptions, 'publish' | 'candidateOf'>>;

function publishRule({ publish }: RunCommandFlags): PublishRule {
  if (publish === undefined) return 'unless newer';
  return publish ? 'always' : 'never';
}

async function showPlan(
  context: CliContext,
  flags: RunCommandFlags,
  request: RunRequest,
  watch: RunWatch,
): Promise<void> {
  const { earlierRun, planOnly } = await import('../../jobs/plan/plan-only.ts');
  const readiness = await jobReadiness(context, request.spec);
  if (readiness !== null && flags.json !== true && flags.quiet !== true) {
    const { renderReadiness } = await import('../render/render-readiness.ts');
    context.out(context.secrets.mask(renderReadiness(readiness)));
  }
  const plan = await planOnly(request).finally(watch.stop);
  if ('outcome' in plan) showNothingNew(context, flags, plan);
  else if (flags.json === true)
    context.out(`${jsonOf(readiness === null ? plan : { ...plan, readiness }, context)}\n`);
  else if (flags.quiet !== true) {
    const earlier = flags.force === true ? undefined : await earlierRun(request, plan);
    const { select } = request.spec.features;
    context.out(context.secrets.mask(renderPlan({ plan, select, earlier })));
  }
}

/** Somebody asked for the run: it does not wait, and says what it lacks. */
async function checkAndSay(
  context: CliContext,
  { spec }: RunRequest,
  { log }: RunWatch,
): Promise<Readiness | null> {
  const readiness = await jobReadiness(context, spec);
  if (readiness !== null && !readiness.isReady) log.warn(runsWithout(readiness));
  return readiness;
}

async function runAndShow(
  context: CliContext,
  flags: RunCommandFlags,
  request: RunRequest,
  watch: RunWatch,
): Promise<void> {
  if (request.spec.schedule !== null) {
    const { sayPaused } = await import('../say-paused.ts');
    await sayPaused(request.spec, watch.log);
  }
  const { runJob } = await import('../../jobs/run-job.ts');
  const { announceRun } = await import('../watch/announce-run.ts');
  const checkReady = () => checkAndSay(context, request, watch);
  const force = flags.force === true;
  const { reporterOfJob } = await import('../watch/reporter-of-job.ts');
  const reporter = await reporterOfJob(context, request.spec);
  const options = { ...request, ...reporter, resume: flags.resume, force, checkReady } as const;
  const ran =
    request.publish === 'never'
      ? runJob(options)
      : announceRun(context, request.spec, watch.log, () => runJob(options));
  const result = await ran.finally(watch.stop);
  if (result.outcome === 'nothing new') return showNothingNew(context, flags, result);
  if (flags.json === true) context.out(`${JSON.stringify(result.record, null, 2)}\n`);
  else if (flags.quiet !== true)
    context.out(context.secrets.mask(renderRun(result, { verbose: flags.verbose === true, place: flags })));
  if (result.publishError !== null) throw result.publishError;
}

/** No run was made: there is no record, and with --json what is known instead. */
function showNothingNew(context: CliContext, flags: RunCommandFlags, result: NothingNew): void {
  const { outcome, job, lastRunId, watermark, message } = result;
  if (flags.json === true)
    context.out(`${JSON.stringify({ outcome, job, lastRunId, watermark, message }, null, 2)}\n`);
  else if (flags.quiet !== true) context.out(`${message}\n`);
}

/** The SQL of a plan may hold what came from the environment. Texts only: a number that looks like it stays one. */
function jsonOf(plan: unknown, { secrets }: CliContext): string {
  const masked = (_: string, value: unknown): unknown =>
    typeof value === 'string' ? secrets.mask(value) : value;
  return JSON.stringify(plan, masked, 2);
}
