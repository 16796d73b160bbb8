import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import { fetchContents, obtain, releaseContent, sharedMirrorOf } from '../core/files/mirror.ts';
import { CPU } from '../core/machine/device.ts';
import { machineLimits } from '../core/machine/machine-limits.ts';
import { type Plan, shardInStore } from '../core/plan.ts';
import { quoteFiles, quoteName, quoteText } from '../core/text/sql.ts';
import type { Session } from '../inference/session.ts';
import type { StagedCounts } from '../kv/store.ts';
import { planRun } from '../planning/plan-run.ts';
import { checkTables } from '../planning/readiness/check-tables.ts';
import type { RunPaths } from '../runs/layout.ts';
import { showShards } from '../runs/record/shard-record.ts';
import { runShard } from '../shard/run-shard.ts';
import { traceRow } from '../shard/trace/trace-row.ts';
import { exampleKey } from '../sinks/kv/example-key.ts';
import { countDistinct, readDuplicateWinners, readKvBatches } from '../sinks/kv/kv-batches.ts';
import { readAddresses } from '../sinks/kv/read-addresses.ts';
import { readSlice } from '../sinks/kv/read-slice.ts';
import { sampleKeys } from '../sinks/kv/sample-keys.ts';
import { mergeParts } from '../sinks/parquet/merge-parts.ts';
import { readMissing } from '../sinks/parquet/read-missing.ts';
import { templateSql } from '../sinks/value-sql.ts';
import { Database } from '../source/duckdb/database.ts';
import { takeRows } from '../source/incremental/take-rows.ts';
import { describeTable } from '../source/resolve-input.ts';
import { keepCopies } from '../source/tables/kept-copies.ts';
import { surveyTable } from '../source/tables/survey-table.ts';
import { compareEngines } from '../tuning/compare-engines.ts';
import { growBatches } from '../tuning/grow-batches.ts';
import { measureBatches } from '../tuning/measure-batches.ts';
import { calibrateRuns } from './calibrate-runs.ts';
import { checkRun } from './check-run.ts';
import { reachOfPlan, reachOfRequest } from './job-reach.ts';
import { LIVE_HANDLERS } from './live-handlers.ts';
import { openRun } from './open-run.ts';
import { scoreRuns } from './score-runs.ts';
import { scoreSample } from './score-sample.ts';
import { STORE_HANDLERS } from './store-handlers.ts';
import type { TaskEffects, TaskHandlers } from './task-handler.ts';
import type { DescribeTableTask, LoadPartTask, RunsTask, TaskName } from './tasks.ts';
import { readFrom, type WorkerState } from './worker-state.ts';

/** What a worker can do. */
export const TASK_HANDLERS: TaskHandlers<TaskName> = {
  ...STORE_HANDLERS,

  /** With the session that this worker keeps for its shards. */
  async plan(state, { plan: task, memoryLimit, threads }) {
    const paths = state.paths(task.runId);
    const { staged, stagingRejects, tableCopies, temp } = paths;
    const plan = {
      ...{ ...task, stagedPath: staged, stagingRejectsPath: stagingRejects },
      partsAreNear: sharedMirrorOf(state.folder) === undefined,
    };
    const { model, execution } = plan.spec;
    const asked = {
      model: { path: model.path, sha256: plan.identity.modelSha256 },
      threads: execution.threads,
      // Whatever the run will be computed on: a plan asks only what the model takes and gives.
      device: CPU,
    };
    const open = (): Promise<Session> =>
      execution.engine === 'onnxruntime' ? state.runtimeSession(asked) : state.planningSession(asked);
    const reach = reachOfRequest(plan, paths);
    // Nothing is copied: the database for shards will do, and is warm for the first of them.
    if (plan.format === 'parquet' || plan.format === 'grid') {
      const [database, session] = await bothOpened(state.database(temp, memoryLimit, reach), open());
      keepCopies(database, tableCopies);
      return planRun(database, session, plan);
    }
    const session = await open();
    return withDatabase({ threads, memoryLimit, temporaryFolder: temp }, async (database) => {
      if (reach !== null) await database.confine(reach);
      keepCopies(database, tableCopies);
      return planRun(database, session, plan);
    });
  },

  async 'take-rows'(state, { runId, rows, memoryLimit, threads }) {
    const { staged, stagingRejects, unorderedRejects, takenRows, temp } = state.paths(runId);
    const paths = {
      ...{ stagedPath: staged, stagingRejectsPath: stagingRejects },
      ...{ unorderedPath: unorderedRejects, takenPath: takenRows },
    };
    return withDatabase({ threads, memoryLimit, temporaryFolder: temp }, async (database) =>
      takeRows(database, { ...rows, ...paths }),
    );
  },

  /** With the session that planning has opened, where this worker did that. */
  async 'choose-engine'(state, { plan: written, memoryLimit }) {
    const paths = state.paths(written.runId);
    const plan = readFrom(paths, written);
    const database = await state.database(paths.temp, memoryLimit, reachOfPlan(plan, paths));
    const { folder } = state;
    return compareEngines({ plan, folderOfJob: folder, database, runtime: () => state.runtimeSession(plan) });
  },

  /** With the database and the session that this worker keeps for its shards. */
  async 'measure-batches'(state, { plan: written, memoryLimit }) {
    const paths = state.paths(written.runId);
    const plan = readFrom(paths, written);
    const database = await state.database(paths.temp, memoryLimit, reachOfPlan(plan, paths));
    const session = await state.session(plan);
    const measure = plan.device.name === 'cpu' ? measureBatches : growBatches;
    return measure({ plan, database, session });
  },

  /** With the database and the session that this worker keeps for its shards. */
  async 'score-sample'(state, { plan: written, memoryLimit }, effects) {
    const paths = state.paths(written.runId);
    const plan = readFrom(paths, written);
    const database = await state.database(paths.temp, memoryLimit, reachOfPlan(plan, paths));
    return scoreSample({ plan, paths, database, session: await state.session(plan), ...effects });
  },

  async shard(state, request, effects) {
    const { plan, paths, database } = await openRun(state, request);
    keepCopies(database, paths.tableCopies);
    const session = await state.session(plan);
    const { index, attempt, rejectLimit, loadUnder, handedOutAt } = request;
    const assertWanted = (): void => effects.signal.throwIfAborted();
    const context = {
      ...{ plan, paths, database, session, attempt, rejectLimit, assertWanted, ...effects },
      ...(handedOutAt === undefined ? {} : { handedOutAt: new Date(handedOutAt) }),
    };
    const record = await runShard(context, index);
    if (loadUnder !== null && plan.kv !== null && plan.kv.slices === undefined) {
      const load = { ...request, stageAs: index, duplicatesAmong: null, fence: loadUnder };
      await state.loads.start((signal) => loadPart(state, load, { signal }));
    } else await releaseContent(paths.part(index));
    return { record, callRows: session.rowLimit?.rows ?? null, ...state.loads.report() };
  },

  async 'finish-loads'(state) {
    // As a load: where it fails, the report says so.
    await state.loads.start(() => state.unmapStore());
    await state.loads.settled();
    return state.loads.report();
  },

  'load-part': loadPart,

  async 'count-distinct'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    return whileHere(partFiles(paths, request.shards), (files) => countDistinct(database, kvOf(plan), files));
  },

  /** Runs nothing of the job's SQL, and reads more than the database for shards may. */
  async 'count-distinct-of-runs'(state, request) {
    const kv = kvOf(await state.plan(request.runId));
    return withParts(state, request, (database, parts) => countDistinct(database, kv, parts));
  },

  async 'count-held'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    const store = await state.store(plan.job);
    return whileHere(partFiles(paths, request.shards), async (files) => {
      let held = 0;
      for await (const keys of readAddresses(database, kvOf(plan), files)) {
        const values = await store.getMany(request.generation, keys);
        held += values.filter((value) => value !== undefined).length;
      }
      return held;
    });
  },

  /** Runs nothing of the job's SQL, and writes where the database for shards may not. */
  async 'merge-parts'(state, request) {
    const { output } = await state.plan(request.runId);
    const paths = state.paths(request.runId);
    const parts = partFiles(paths, request.shards);
    const target = join(state.folder, request.target);
    const limits = { threads: 1, memoryLimit: request.memoryLimit, temporaryFolder: paths.temp };
    return withDatabase(limits, (database) => mergeParts(database, parts, target, output.compression));
  },

  async 'read-missing'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    await showShards(paths);
    await fetchContents(plan.shards.map(({ index }) => paths.rejects(index)));
    return readMissing(database, plan, paths, request.limit);
  },

  /** The shards are done: the machine is free for as many threads as it has cores. */
  async 'check-gates'(state, request) {
    const plan = await state.plan(request.runId);
    const { temp } = state.paths(request.runId);
    const limits = { threads: machineLimits().cpus, memoryLimit: request.memoryLimit, temporaryFolder: temp };
    return withDatabase(limits, (database) => checkRun(database, state.paths.bind(state), plan, request));
  },

  /** Nothing else is done meanwhile, as with gates. */
  async 'score-runs'(state, { memoryLimit, ...request }, { now }) {
    return withAllCores(memoryLimit, (database) =>
      scoreRuns(database, state.paths.bind(state), request, now),
    );
  },

  async calibrate(state, { memoryLimit, ...request }) {
    return withAllCores(memoryLimit, (database) => calibrateRuns(database, state.paths.bind(state), request));
  },

  /** Which of the wanted texts occur in their key columns at all. */
  async 'known-values'(state, request) {
    return withParts(state, request, async (database, parts) => {
      const from = `read_parquet(${quoteFiles(parts)})`;
      const columns = await database.describe(`SELECT * FROM ${from}`);
      const wanted = Object.entries(request.wanted);
      const list = wanted.map(
        ([name, text]) =>
          `bool_or(${templateSql(`{${name}}`, columns)} = ${quoteText(text)}) AS ${quoteName(name)}`,
      );
      const [known] = await database.rows(`SELECT ${list.join(', ')} FROM ${from}`);
      return wanted.map(([name]) => name).filter((name) => known?.[name] === true);
    });
  },

  async 'trace-row'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    const shards = plan.shards.map(({ index }) => index);
    return whileHere(partFiles(paths, shards), async () => {
      await fetchContents(shards.map((shard) => paths.rejects(shard)));
      return traceRow(database, plan, paths, request);
    });
  },

  async 'key-values'(state, { columns: names, limit, ...request }) {
    return withParts(state, request, async (database, parts) => {
      const from = `read_parquet(${quoteFiles(parts)})`;
      const columns = await database.describe(`SELECT * FROM ${from}`);
      const values: Record<string, readonly string[] | null> = {};
      for (const name of names) {
        const text = templateSql(`{${name}}`, columns);
        const rows = await database.rows(`SELECT DISTINCT ${text} AS text FROM ${from} LIMIT ${limit + 1}`);
        values[name] = rows.length > limit ? null : rows.map((row) => String(row.text));
      }
      return values;
    });
  },

  async 'example-key'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    return whileHere(partFiles(paths, request.shards), (files) => exampleKey(database, kvOf(plan), files));
  },

  async 'sample-keys'(state, request) {
    const { plan, paths, database } = await openRun(state, request);
    return whileHere(partFiles(paths, request.shards), (files) =>
      sampleKeys(database, kvOf(plan), files, request.rows),
    );
  },

  async 'describe-model'(_, { path }) {
    const { ModelSession } = await import('../inference/model-session.ts');
    const session = await ModelSession.open(path, { threads: 1 });
    try {
      return session.signature;
    } finally {
      await session.close();
    }
  },

  async 'describe-engines'({ folder }) {
    await import('../inference/model-session.ts');
    return withDatabase({ threads: 1, memoryLimit: '256MB', temporaryFolder: folder }, async (database) => {
      const [row] = await database.rows('SELECT version() AS version');
      return { duckdb: String(row?.version).replace(/^v/, '') };
    });
  },

  async 'check-tables'({ folder }, { memoryLimit, ...request }) {
    const limits = { threads: machineLimits().cpus, memoryLimit, temporaryFolder: folder };
    return withDatabase(limits, (database) => checkTables(database, request));
  },

  async 'describe-table'({ folder }, request) {
    return withTable(folder, request, (database, table) => describeTable(database, table, request.firstRows));
  },

  async 'survey-table'({ folder }, request) {
    return withTable(folder, request, surveyTable);
  },

  ...LIVE_HANDLERS,
};

async function loadPart(
  state: WorkerState,
  request: LoadPartTask,
  { signal }: Pick<TaskEffects, 'signal'>,
): Promise<StagedCounts> {
  const { plan, paths, database: main } = await openRun(state, request);
  const database = await state.databaseForLoads(main);
  const store = await state.store(plan.job);
  const kv = kvOf(plan);
  const { stageAs, duplicatesAmong } = request;
  const slice = kv.slices === undefined ? null : { index: stageAs, of: kv.slices };
  const shards = duplicatesAmong ?? (slice === null ? [stageAs] : plan.shards.map(({ index }) => index));
  if (duplicatesAmong === null)
    for (const shard of shards) await state.checkedParts.check(paths, shard, signal);
  const { generation, layout, ttlSeconds } = request.into ?? {
    generation: plan.runId,
    layout: kv.layout,
    ttlSeconds: kv.ttlSeconds,
  };
  return whileHere(partFiles(paths, shards), (files) =>
    store.stage({
      generation,
      layout,
      shard: shardInStore(kv, stageAs),
      batches: () => {
        if (duplicatesAmong !== null) return readDuplicateWinners(database, kv, files);
        return slice === null
          ? readKvBatches(database, kv, paths.part(stageAs), rowsOfShard(plan, stageAs))
          : readSlice(database, kv, files, slice);
      },
      ttlSeconds,
      signal,
      fence: request.fence,
    }),
  );
}

/** Of the input: rejected ones are not in the part. */
function rowsOfShard({ shards }: Plan, index: number): number | undefined {
  const shard = shards.find((each) => each.index === index);
  return shard && shard.rowEnd - shard.rowStart;
}

/** DuckDB opens in a thread of its own, while the model is loaded. What is wrong with the model is said first. */
async function bothOpened(
  database: Promise<Database>,
  session: Promise<Session>,
): Promise<readonly [Database, Session]> {
  // Neither is left opening: a worker that is told to end closes what it has.
  await Promise.allSettled([database, session]);
  const opened = await session;
  return [await database, opened];
}

function kvOf(plan: Plan): NonNullable<Plan['kv']> {
  if (plan.kv !== null) return plan.kv;
  throw new ServeBatchError(
    'USAGE',
    `The run ${plan.runId} was made without a key-value store: it has no key. Give the job a kv.key and run it again.`,
  );
}

/** In a folder that no run owns: what is read belongs to several. */
async function withAllCores<T>(memoryLimit: string, work: (database: Database) => Promise<T>): Promise<T> {
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'serve-batch-accuracy-'));
  try {
    return await withDatabase({ threads: machineLimits().cpus, memoryLimit, temporaryFolder }, work);
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}

function partFiles(paths: RunPaths, shards: readonly number[]): string[] {
  return shards.map((shard) => paths.part(shard));
}

/** Does work with parts. What a bucket has of them is here meanwhile. */
async function whileHere<T>(
  files: readonly string[],
  work: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  try {
    for (const file of files) await obtain(file);
    return await work(files);
  } finally {
    for (const file of files) await releaseContent(file);
  }
}

/** With all cores: nothing else is done meanwhile. */
function withTable<T>(
  folder: string,
  { format, paths, sources, options }: DescribeTableTask,
  work: (database: Database, request: Parameters<typeof describeTable>[1]) => Promise<T>,
): Promise<T> {
  const limits = { threads: machineLimits().cpus, memoryLimit: '1GB', temporaryFolder: folder };
  const stagedPath = join(folder, 'input.parquet');
  const request = { paths, format, source: { sources, fingerprint: '' }, options, stagedPath };
  return withDatabase(limits, (database) => work(database, request));
}

/** With the parts of several runs: none of the job's SQL is run, and the database for shards could not read them all. */
function withParts<T>(
  state: WorkerState,
  { runId, memoryLimit, runs }: RunsTask,
  work: (database: Database, parts: readonly string[]) => Promise<T>,
): Promise<T> {
  const parts = runs.flatMap((each) => partFiles(state.paths(each.runId), each.shards));
  const limits = { threads: 1, memoryLimit, temporaryFolder: state.paths(runId).temp };
  return whileHere(parts, () => withDatabase(limits, (database) => work(database, parts)));
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
