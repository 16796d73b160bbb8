import { type Command, InvalidArgumentError } from 'commander';
import { deserializeError, ServeBatchError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, jsonOption, option } from '../options.ts';
import { formatNumber } from '../render/format.ts';

interface ShardFlags {
  readonly plan: string;
  readonly index: number;
  readonly kv?: string;
  readonly json?: boolean;
}

export function addShardCommand(program: Command, context: CliContext): void {
  const command = program.command('shard').description('Compute one shard of a planned run in this process.');
  addOptions(command, [
    option('--plan <file>', 'the plan.json of the run').makeOptionMandatory(),
    option('--index <n>', 'the shard, from 0')
      .argParser((value: string) => {
        const index = Number(value);
        if (!Number.isSafeInteger(index) || index < 0)
          throw new InvalidArgumentError('Expected a whole number, at least 0.');
        return index;
      })
      .makeOptionMandatory(),
    option('--kv <url>', "the store to load, with its password, or none (default: the plan's)"),
    jsonOption("the shard's record"),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    '\nExample (an array job; afterwards, serve-batch run commits and publishes what is there):\n  serve-batch shard --plan out/sales/runs/20261121T000000Z-k3x9/plan.json --index "$JOB_COMPLETION_INDEX"',
  );
  command.action((flags: ShardFlags) => shard(context, flags));
}

async function shard(context: CliContext, flags: ShardFlags): Promise<void> {
  if (flags.kv !== undefined) context.secrets.addUrl(flags.kv);
  const { WorkerState } = await import('../../tasks/worker-state.ts');
  const { TASK_HANDLERS } = await import('../../tasks/task-handlers.ts');
  const { memoryLimitOf } = await import('../../jobs/limits/memory-limit.ts');
  const { readPlan } = await import('../../runs/plan/plan-file.ts');
  const { runId, kv } = await readPlan(flags.plan);
  const storeUrl = flags.kv === 'none' ? null : (flags.kv ?? kv?.url ?? null);
  const state = new WorkerState({ folder: await folderOfJob(flags.plan, runId), storeUrl });
  try {
    const request = {
      runId,
      memoryLimit: memoryLimitOf({ execution: { memoryLimitBytes: null } }),
      index: flags.index,
      attempt: 1,
      rejectLimit: null,
      loadStore: storeUrl !== null,
    };
    const effects = { now: () => new Date(), onRows: () => {}, signal: context.signal };
    const { record } = await TASK_HANDLERS.shard(state, request, effects);
    const { storeError } = await TASK_HANDLERS['finish-loads'](state, null, effects);
    const loaded = storeUrl !== null && storeError === null ? ', loaded into the store' : '';
    if (flags.json === true) context.out(`${JSON.stringify(record, null, 2)}\n`);
    else
      context.out(
        `Shard ${record.index}: ${formatNumber(record.rowsOut, 'row')}, ${formatNumber(record.rejects, 'reject')}${loaded}\n`,
      );
    if (storeError !== null) throw deserializeError(storeError);
  } finally {
    await state.close();
  }
}

/** The folder of the job whose run a plan belongs to. Throws `USAGE` where the plan does not lie in its run's folder. */
async function folderOfJob(plan: string, runId: string): Promise<string> {
  const { realpath } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  const { runPaths } = await import('../../runs/layout.ts');
  const path = await realpath(plan);
  const folder = dirname(dirname(dirname(path)));
  if (runPaths(folder, runId).plan === path) return folder;
  throw new ServeBatchError(
    'USAGE',
    `The plan ${plan} is of run ${runId}, but does not lie in the folder of that run, where the parts go. Name OUTPUT/JOB/runs/${runId}/plan.json.`,
    { fields: { plan, runId } },
  );
}
