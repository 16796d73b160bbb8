import { readFile } from 'node:fs/promises';
import { bindJob } from '../../src/config/bind-job.ts';
import type { JobSpec } from '../../src/config/job-spec.ts';
import { adHocJob } from '../../src/config/override-job.ts';
import type { RunFlags } from '../../src/config/run-flags.ts';
import { ONNX_RUNTIME } from '../../src/core/engine.ts';
import { CPU } from '../../src/core/machine/device.ts';
import type { Plan } from '../../src/core/plan.ts';
import { ModelSession } from '../../src/inference/model-session.ts';
import type { Session } from '../../src/inference/session.ts';
import { compileModel } from '../../src/inference/trees/compile-model.ts';
import { TreeSession } from '../../src/inference/trees/tree-session.ts';
import { identifyRun } from '../../src/jobs/plan/identify-run.ts';
import { planRun } from '../../src/planning/plan-run.ts';
import { type RunPaths, runPaths } from '../../src/runs/layout.ts';
import type { ShardRecord } from '../../src/runs/record/shard-record.ts';
import { useOf } from '../../src/shard/model-use.ts';
import { runShard } from '../../src/shard/run-shard.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { DEFAULT_BATCH_SIZE } from '../../src/tuning/choose-batch-size.ts';
import { parquetRows } from './database.ts';
import { temporaryFolder } from './project.ts';

/** What became of a table: the plan, the records of its shards, the rows of all its parts. */
export interface ScoredTable {
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly records: readonly ShardRecord[];
  readonly rows: readonly Record<string, unknown>[];
}

/**
 * Plans a job made of flags and computes all its shards one after the other, in this process: what the
 * children do, without the children. `change` may alter what no flag can.
 */
export async function scoreTable(
  database: Database,
  flags: RunFlags,
  change: (spec: JobSpec) => JobSpec = (spec) => spec,
): Promise<ScoredTable> {
  const { plan, paths } = await planTable(database, flags, change);
  const records = await computeShards(database, plan, paths);
  return {
    plan,
    paths,
    records,
    rows: await parquetRows(database, ...records.map(({ index }) => paths.part(index))),
  };
}

/** Plans a job made of flags. A batch size that the flags leave open is the default: nothing is measured. */
export async function planTable(
  database: Database,
  flags: RunFlags,
  change: (spec: JobSpec) => JobSpec = (spec) => spec,
): Promise<Pick<ScoredTable, 'plan' | 'paths'>> {
  const spec = bindJob(change(adHocJob(flags)), { occurrence: null, now: new Date() });
  const paths = runPaths(await temporaryFolder(), '20261121T000000Z-test');
  const request = {
    runId: paths.runId,
    createdAt: '2026-11-21T00:00:00.000Z',
    spec,
    ...(await identifyRun(spec)),
    storeUrl: flags.kv ?? null,
    stagedPath: paths.staged,
    stagingRejectsPath: paths.stagingRejects,
    partsAreNear: true,
    incremental: null,
    extended: null,
    taken: null,
  };
  const session = await ModelSession.open(spec.model.path, { threads: 1 });
  const draft = await planRun(database, session, request).finally(() => session.close());
  const plan = {
    ...draft,
    device: CPU,
    engine: ONNX_RUNTIME,
    batchSize: draft.batchSize === 'auto' ? DEFAULT_BATCH_SIZE : draft.batchSize,
  };
  return { plan, paths };
}

/** The model of a plan, compiled. Throws where it is not of trees. */
export async function openCompiled(plan: Plan): Promise<Session> {
  const { recipe } = compileModel(await readFile(plan.model.path), useOf(plan));
  return TreeSession.open(plan.model.path, plan.model.signature, recipe);
}

/** Computes the shards of a plan, in order; by default with ONNX Runtime. */
export async function computeShards(
  database: Database,
  plan: Plan,
  paths: RunPaths,
  open: () => Promise<Session> = () => ModelSession.open(plan.model.path, { threads: 1 }),
): Promise<ShardRecord[]> {
  const session = await open();
  const records: ShardRecord[] = [];
  try {
    for (const { index } of plan.shards)
      records.push(
        await runShard(
          {
            plan,
            paths,
            database,
            session,
            attempt: 1,
            onRows: () => {},
            assertWanted: () => {},
            now: () => new Date('2026-11-21T00:00:00Z'),
          },
          index,
        ),
      );
  } finally {
    await session.close();
  }
  return records;
}
