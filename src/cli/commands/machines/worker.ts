import { type Command, InvalidArgumentError } from 'commander';
import { durationSeconds } from '../../../config/fields/duration.ts';
import type { CliContext } from '../../context.ts';
import {
  addOptions,
  DEFAULT_GRACE_SECONDS,
  debugOption,
  graceOption,
  option,
  wholeNumber,
} from '../../options.ts';

const DEFAULT_LOCK_SECONDS = 60;

interface WorkerFlags {
  readonly queue: string;
  readonly processes?: number;
  readonly output?: string;
  readonly lock?: number;
  readonly quiet?: boolean;
  readonly grace?: number;
  readonly debug?: boolean;
}

export function addWorkerCommand(program: Command, context: CliContext): void {
  const command = program
    .command('worker')
    .description('Keep computing shards from a queue, of any job and run.');
  addOptions(command, [
    option('--queue <url>', 'the queue: redis://... or rediss://...').makeOptionMandatory(),
    wholeNumber('-p, --processes <n>', 'shards at the same time (default: one per core)'),
    option('-o, --output <path>', 'the output folder here (default: as the run says)'),
    option(
      '--lock <duration>',
      `how long a worker may be silent before others get its shards (default: ${DEFAULT_LOCK_SECONDS}s)`,
    ).argParser((value: string) => {
      const seconds = durationSeconds(value);
      if (seconds === undefined) throw new InvalidArgumentError('Expected a duration such as 60s or 2m.');
      return seconds;
    }),
    option('-q, --quiet', 'print only errors'),
    graceOption(),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
It sees the output folder, the inputs and the models of the runs under the paths that they were planned with. A
shard that it cannot compute (other versions, no such file) goes to another worker, with the reason.

Example:
  serve-batch worker --queue redis://queue:6379 --processes 8`,
  );
  command.action((flags: WorkerFlags) => work(context, flags));
}

async function work(context: CliContext, flags: WorkerFlags): Promise<void> {
  context.allowGrace(flags.grace ?? DEFAULT_GRACE_SECONDS);
  context.secrets.addUrl(flags.queue);
  const { watchRun } = await import('../../watch/watch-run.ts');
  const { serveQueue } = await import('../../../queue/queue-worker.ts');
  const { outputRoot } = await import('../../../jobs/plan/locations.ts');
  const { resolvePath } = await import('../../../config/fields/resolve-path.ts');
  const { machineLimits } = await import('../../../core/machine/machine-limits.ts');
  const watch = watchWorker(watchRun, context, flags);
  const { signal, drain, workers } = context;
  const processes = flags.processes ?? machineLimits().cpus;
  watch.log.info(`takes shards from the queue, ${processes} at a time`);
  await serveQueue({
    ...{ url: flags.queue, processes, signal, drain, log: watch.log, startWorkers: workers.start },
    output:
      flags.output === undefined
        ? null
        : outputRoot({ path: resolvePath(flags.output, context.cwd), kind: 'folder' }),
    lockMs: (flags.lock ?? DEFAULT_LOCK_SECONDS) * 1000,
    onShard: ({ index, rowsIn, waitSeconds }, { job, runId }) =>
      watch.log.info(`shard ${index} of ${job} is done`, { runId, rows: rowsIn, waitSeconds }),
  }).finally(watch.stop);
  watch.log.info('takes no more shards');
}

/** Log lines only: a worker has no progress of its own. */
function watchWorker(
  watchRun: typeof import('../../watch/watch-run.ts').watchRun,
  context: CliContext,
  { quiet, debug }: WorkerFlags,
) {
  const watch = watchRun(context, { quiet: quiet === true, debug: debug === true, job: 'worker' });
  watch.stop();
  return watch;
}
