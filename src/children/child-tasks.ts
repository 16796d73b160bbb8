import { dirname, join, resolve } from 'node:path';
import { CPU } from '../core/device.ts';
import { ServeBatchError } from '../core/errors.ts';
import { machineLimits } from '../core/machine-limits.ts';
import type { Plan } from '../core/plan.ts';
import { quoteFiles, quoteName, quoteText } from '../core/sql.ts';
import { ModelSession } from '../inference/model-session.ts';
import type { StagedCounts } from '../kv/store.ts';
import { planRun } from '../planning/plan-run.ts';
import { type RunPaths, runPaths } from '../runs/layout.ts';
import { runShard } from '../shard/run-shard.ts';
import { countDistinct, readDuplicateWinners, readKvBatches } from '../sinks/kv/kv-batches.ts';
import { mergeParts } from '../sinks/parquet/merge-parts.ts';
import { readMissing } from '../sinks/parquet/read-missing.ts';
import { templateSql } from '../sinks/value-sql.ts';
import { Database } from '../source/database.ts';
import { takeRows } from '../source/incremental/take-rows.ts';
import { describeTable } from '../source/resolve-input.ts';
import { growBatches } from '../tuning/grow-batches.ts';
import { measureBatches } from '../tuning/measure-batches.ts';
import type { ChildState } from './child-state.ts';
import type { LoadPartTask, RunReference, TaskName, TaskRequest, TaskResult } from './tasks.ts';

export interface TaskEffects {
  readonly now: () => Date;
  readonly onRows: (rows: number) => void;
  /** Throws where the parent is gone. */
  readonly assertWanted: () => void;
  readonly signal: AbortSignal;
}

type Handlers = {
  readonly [N in TaskName]: (
    state: ChildState,
    request: TaskRequest<N>,
    effects: TaskEffects,
  ) => Promise<TaskResult<N>>;
};

/** What a child can do. */
export const TASK_HANDLERS: Handlers = {
  /** With the session that this child keeps for its shards. */
  async plan(state, { plan, temporaryFolder, memoryLimit, threads }) {
    const { model, execution } = plan.spec;
    const session = await state.session({
      model: { path: model.path, sha256: plan.identity.modelSha256 },
      threads: execution.threads,
      // Whatever the run will be computed on: a plan asks only what the model takes and gives.
      device: CPU,
    });
    // Nothing is copied: the database for shards will do, and is warm for the first of them.
    if (plan.format === 'parquet' || plan.format === 'grid')
      return planRun(await state.database(temporaryFolder, memoryLimit), session, plan);
    return withDatabase({ threads, memoryLimit, temporaryFolder }, (database) =>
      planRun(database, session, plan),
    );
  },

  async 'take-rows'(_, { rows, temporaryFolder, memoryLimit, threads }) {
    return withDatabase({ threads, memoryLimit, temporaryFolder }, (database) => takeRows(database, rows));
  },

  /** With the database and the session that this child keeps for its shards. */
  async 'measure-batches'(state, { plan, temporaryFolder, memoryLimit }) {
    const database = await state.database(temporaryFolder, memoryLimit);
    const session = await state.session(plan);
    const measure = plan.device.name === 'cpu' ? measureBatches : growBatches;
    return measure({ plan, database, session });
  },

  async shard(state, request, effects) {
    const { plan, paths, database } = await openRun(state, request);
    const session = await state.session(plan);
    const { index, attempt, storeUrl } = request;
    const record = await runShard({ plan, paths, database, session, attempt, ...effects }, index);
    if (storeUrl !== null && plan.kv !== null) {
      const load = { ...request, storeUrl, stageAs: index, duplicatesAmong: null };
      await state.loads.start(() => loadPart(state, load, effects));
    }
    return { record, callRows: session.rowLimit?.rows ?? null, ...state.loads.report() };
  },

  async 'finish-loads'(state) {
    await state.loads.settled();
    return state.loads.report();
  },

  'load-part': loadPart,

  async 'count-distinct'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    return countDistinct(database, kvOf(plan), partFiles(paths, request.shards));
  },

  async 'merge-parts'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    return mergeParts(database, partFiles(paths, request.shards), request.target, plan.output.compression);
  },

  async 'read-missing'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    return readMissing(database, plan, paths, request.limit);
  },

  /** Which of the wanted texts occur in their key columns at all. */
  async 'known-values'(state, request) {
    const { paths, database } = await openRun(state, request);
    const from = `read_parquet(${quoteFiles(partFiles(paths, request.shards))})`;
    const columns = await database.describe(`SELECT * FROM ${from}`);
    const wanted = Object.entries(request.wanted);
    const list = wanted.map(
      ([name, text]) =>
        `bool_or(${templateSql(`{${name}}`, columns)} = ${quoteText(text)}) AS ${quoteName(name)}`,
    );
    const [known] = await database.rows(`SELECT ${list.join(', ')} FROM ${from}`);
    return wanted.map(([name]) => name).filter((name) => known?.[name] === true);
  },

  async 'describe-model'(_, { path }) {
    const session = await ModelSession.open(path, { threads: 1 });
    try {
      return session.signature;
    } finally {
      await session.close();
    }
  },

  // ONNX Runtime is loaded with this module: a child that answers has it.
  async 'describe-engines'(_, { temporaryFolder }) {
    return withDatabase({ threads: 1, memoryLimit: '256MB', temporaryFolder }, async (database) => {
      const [row] = await database.rows('SELECT version() AS version');
      return { duckdb: String(row?.version).replace(/^v/, '') };
    });
  },

  async 'describe-table'(_, { format, sources, options, temporaryFolder }) {
    const request = {
      format,
      source: { sources, fingerprint: '' },
      options,
      stagedPath: join(temporaryFolder, 'input.parquet'),
    };
    return withDatabase({ threads: machineLimits().cpus, memoryLimit: '1GB', temporaryFolder }, (database) =>
      describeTable(database, request),
    );
  },
};

async function loadPart(
  state: ChildState,
  request: LoadPartTask,
  effects: TaskEffects,
): Promise<StagedCounts> {
  const { plan, paths } = await openRun(state, request);
  const database = await state.databaseForLoads(paths.temp, request.memoryLimit);
  const store = await state.store(request.storeUrl, plan.job);
  const kv = kvOf(plan);

  return store.stage({
    generation: plan.runId,
    layout: kv.layout,
    shard: request.stageAs,
    batches:
      request.duplicatesAmong === null
        ? readKvBatches(database, kv, paths.part(request.stageAs))
        : readDuplicateWinners(database, kv, partFiles(paths, request.duplicatesAmong)),
    ttlSeconds: kv.ttlSeconds,
    signal: effects.signal,
  });
}

async function openRun(
  state: ChildState,
  { planPath, memoryLimit }: RunReference,
): Promise<{ readonly plan: Plan; readonly paths: RunPaths; readonly database: Database }> {
  const plan = await state.plan(planPath);
  const runFolder = dirname(resolve(planPath));
  const paths = runPaths(dirname(dirname(runFolder)), plan.runId);
  return { plan, paths, database: await state.database(paths.temp, memoryLimit) };
}

function kvOf(plan: Plan): NonNullable<Plan['kv']> {
  if (plan.kv !== null) return plan.kv;
  throw new ServeBatchError(
    'USAGE',
    `The run ${plan.runId} was made without a key-value store: it has no key. Give the job a kv.key and run it again.`,
  );
}

function partFiles(paths: RunPaths, shards: readonly number[]): string[] {
  return shards.map((shard) => paths.part(shard));
}

async function withDatabase<T>(
  options: Parameters<typeof Database.open>[0],
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await Database.open(options);
  try {
    return await work(database);
  } finally {
    database.close();
  }
}
