import { type Command, InvalidArgumentError, type Option } from 'commander';
import { deserializeError, type SerializedError, ServeBatchError } from '../../../core/errors.ts';
import type { Plan } from '../../../core/plan.ts';
import type { Fence } from '../../../kv/store.ts';
import type { Wanted } from '../../../runs/dispatch/shards-of-task.ts';
import type { RunPaths } from '../../../runs/layout.ts';
import type { ShardRecord } from '../../../runs/record/shard-record.ts';
import type { ShardOutcome } from '../../../tasks/tasks.ts';
import type { WorkerState } from '../../../tasks/worker-state.ts';
import type { CliContext } from '../../context.ts';
import { addOptions, debugOption, jsonOption, option, wholeNumber } from '../../options.ts';
import { formatNumber } from '../../render/format.ts';

interface ShardFlags {
  readonly plan: string;
  readonly dispatch?: number;
  readonly index?: number;
  readonly group?: number;
  readonly kv?: string;
  readonly json?: boolean;
}

export function addShardCommand(program: Command, context: CliContext): void {
  const command = program.command('shard').description('Compute shards of a planned run in this process.');
  addOptions(command, [
    option('--plan <file>', 'the plan.json of the run').makeOptionMandatory(),
    wholeNumber('--dispatch <n>', 'the dispatch list, as "plan" prints it (default: the only one)'),
    fromZero('--index <n>', 'one shard: its place in the dispatch list, from 0'),
    fromZero('--group <n>', "a group of the dispatch list, from 0 (default: the array job's task)"),
    option('--kv <url>', 'a store to load as well, with its password (default: "finish" loads it)'),
    jsonOption("the shards' records"),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
In an array job, the number of the task is the group: JOB_COMPLETION_INDEX (Kubernetes),
AWS_BATCH_JOB_ARRAY_INDEX, CLOUD_RUN_TASK_INDEX, BATCH_TASK_INDEX (Google) or SLURM_ARRAY_TASK_ID.
A shard that is committed is not computed again.

Examples:
  serve-batch shard --plan out/sales/runs/20261121T000000Z-k3x9/plan.json --dispatch 1 --group 3
  serve-batch shard --plan "$PLAN" --dispatch "$DISPATCH"     in an array job`,
  );
  command.action((flags: ShardFlags) => shard(context, flags));
}

function fromZero(flags: string, description: string): Option {
  return option(flags, description).argParser((value: string) => {
    const index = Number(value);
    if (!Number.isSafeInteger(index) || index < 0)
      throw new InvalidArgumentError('Expected a whole number, at least 0.');
    return index;
  });
}

async function shard(context: CliContext, flags: ShardFlags): Promise<void> {
  if (flags.kv !== undefined) context.secrets.addUrl(flags.kv);
  const { WorkerState } = await import('../../../tasks/worker-state.ts');
  const { readPlan } = await import('../../../runs/plan/plan-file.ts');
  const { obtainPlan } = await import('../../../runs/mirror/local-plan.ts');
  const { assertPlannedHere } = await import('../../../runs/record/versions.ts');
  const file = await obtainPlan(flags.plan);
  const plan = await readPlan(file);
  assertPlannedHere(plan);
  const { folder, paths } = await placeOfPlan(file, plan.runId);
  const shards = await shardsOf(context, flags, plan, paths);
  const storeUrl = flags.kv === undefined || flags.kv === 'none' ? null : flags.kv;
  const state = new WorkerState({ folder, storeUrl });
  const records: ShardRecord[] = [];
  let loadUnder = storeUrl === null ? null : await fenceOfTask(folder, plan.runId);
  const sawLoads = (error: SerializedError | null): void => {
    if (error === null) return;
    if (error.code !== 'FENCED') throw deserializeError(error);
    loadUnder = null;
    context.err(`The store is left to the process that took the job over: ${error.message}\n`);
  };
  try {
    for (const index of shards) {
      const { record, storeError } = await computeShard(context, state, plan, index, loadUnder);
      records.push(record);
      sawLoads(storeError);
    }
    sawLoads(await finishLoads(context, state));
  } finally {
    await state.close();
  }
  show(context, flags, records, loadUnder !== null);
}

/** Null: readers see the run already, so that its store is not loaded again. */
async function fenceOfTask(folder: string, runId: string): Promise<Fence | null> {
  const { fenceWithoutLock } = await import('../../../runs/lock/fence-without-lock.ts');
  const { readCurrent } = await import('../../../runs/publication.ts');
  const { systemClock } = await import('../../../core/effects.ts');
  // In this order: a run is published before its lock is released.
  const fence = await fenceWithoutLock(folder, systemClock);
  return (await readCurrent(folder)) === runId ? null : fence;
}

/** The shards that this task is to compute. */
async function shardsOf(
  { env }: CliContext,
  flags: ShardFlags,
  plan: Plan,
  paths: RunPaths,
): Promise<readonly number[]> {
  const { shardsOfTask } = await import('../../../runs/dispatch/shards-of-task.ts');
  const { arrayTaskOf } = await import('../../../runs/dispatch/array-task.ts');
  return shardsOfTask(await dispatchOf(flags, plan, paths), wantedOf(flags, arrayTaskOf(env)));
}

function wantedOf(
  { index, group }: ShardFlags,
  arrayTask: Extract<Wanted, { arrayTask: unknown }>['arrayTask'] | null,
): Wanted {
  if (index !== undefined && group !== undefined)
    throw new ServeBatchError('USAGE', '--index and --group exclude each other: give one of them.');
  if (index !== undefined) return { index };
  if (group !== undefined) return { group };
  if (arrayTask !== null) return { arrayTask };
  throw new ServeBatchError(
    'USAGE',
    'Which shard? Give --group N or --index N; in an array job its variable says it, such as JOB_COMPLETION_INDEX.',
  );
}

/** Without a list of its own a run that was interrupted hands out all its shards. */
async function dispatchOf({ dispatch }: ShardFlags, plan: Plan, paths: RunPaths) {
  const { readDispatch, rounds } = await import('../../../runs/dispatch/dispatch-file.ts');
  if (dispatch !== undefined) return readDispatch(paths, dispatch);
  const known = await rounds(paths);
  const [only] = known;
  if (only === undefined) return { round: 0, groups: plan.shards.map(({ index }) => [index]) };
  if (known.length === 1) return readDispatch(paths, only);
  throw new ServeBatchError(
    'USAGE',
    `Run ${plan.runId} was handed out ${known.length} times, and each dispatch list has its own numbers. Say which one with --dispatch, from 1 to ${Math.max(...known)}: "serve-batch plan" printed it.`,
    { fields: { runId: plan.runId } },
  );
}

async function computeShard(
  { signal }: CliContext,
  state: WorkerState,
  { runId, onInvalid }: Plan,
  index: number,
  loadUnder: Fence | null,
): Promise<ShardOutcome> {
  const { TASK_HANDLERS } = await import('../../../tasks/task-handlers.ts');
  const { memoryLimitOf } = await import('../../../jobs/limits/memory-limit.ts');
  const request = {
    ...{ runId, index, loadUnder, attempt: 1, rejectLimit: { policy: onInvalid, before: 0 } },
    memoryLimit: memoryLimitOf({ execution: { memoryLimitBytes: null } }),
  };
  const effects = { now: () => new Date(), onRows: () => {}, signal };
  return TASK_HANDLERS.shard(state, request, effects);
}

async function finishLoads({ signal }: CliContext, state: WorkerState): Promise<SerializedError | null> {
  const { TASK_HANDLERS } = await import('../../../tasks/task-handlers.ts');
  const effects = { now: () => new Date(), onRows: () => {}, signal };
  return (await TASK_HANDLERS['finish-loads'](state, null, effects)).storeError;
}

function show(
  context: CliContext,
  flags: ShardFlags,
  records: readonly ShardRecord[],
  isLoaded: boolean,
): void {
  if (flags.json === true) {
    context.out(`${JSON.stringify(records, null, 2)}\n`);
    return;
  }
  if (records.length === 0) context.out('Nothing to do: the dispatch list has no such group.\n');
  const loaded = isLoaded ? ', loaded into the store' : '';
  for (const { index, rowsOut, rejects } of records)
    context.out(
      `Shard ${index}: ${formatNumber(rowsOut, 'row')}, ${formatNumber(rejects, 'reject')}${loaded}\n`,
    );
}

/** Where the run of a plan lies. Throws `USAGE` where the plan does not lie in its run's folder. */
async function placeOfPlan(plan: string, runId: string) {
  const { realpath } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  const { runPaths } = await import('../../../runs/layout.ts');
  const path = await realpath(plan);
  const folder = dirname(dirname(dirname(path)));
  const paths = runPaths(folder, runId);
  if (paths.plan === path) return { folder, paths };
  throw new ServeBatchError(
    'USAGE',
    `The plan ${plan} is of run ${runId}, but does not lie in the folder of that run, where the parts go. Name OUTPUT/JOB/runs/${runId}/plan.json.`,
    { fields: { plan, runId } },
  );
}
