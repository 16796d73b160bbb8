import { ServeBatchError } from '../core/errors.ts';
import type { Estimate } from '../core/estimate.ts';
import { publicPath } from '../core/files/mirror.ts';
import type { Plan } from '../core/plan.ts';
import { formatCount, formatNumber } from '../core/text/amounts.ts';
import { storeKindOf } from '../kv/store-kinds.ts';
import { fenceOf } from '../publish/publish-run.ts';
import { clearTemporaryFiles } from '../runs/clear-work-files.ts';
import { runPaths } from '../runs/layout.ts';
import { buildRunRecord, type RunOutcome } from '../runs/record/build-run-record.ts';
import { checkParts } from '../runs/record/check-parts.ts';
import { clearFailure, commitManifest, type RunRecord, writeFailure } from '../runs/record/run-record.ts';
import { readCommittedShards, type ShardRecord } from '../runs/record/shard-record.ts';
import { host, versions } from '../runs/record/versions.ts';
import { assertRejectsWithin, assertSomethingScored, rejectsOf } from '../shard/rejects/reject-limit.ts';
import type { ShardEngine } from '../tasks/shard-engine.ts';
import { rememberHalved } from '../tuning/remember-halved.ts';
import { checkGatesOf } from './gates/check-gates-of.ts';
import { memoryLimitOf } from './limits/memory-limit.ts';
import { isOwnLimit } from './limits/time-limit.ts';
import type { LockedJob } from './lock/locked-run.ts';
import { shardsAtOnce } from './plan/device-of-run.ts';
import { singleFileOf } from './publish/single-file.ts';
import type { RunMeter } from './run-meter.ts';

/** A run as it is computed. */
export interface RunToCompute {
  readonly locked: LockedJob;
  readonly plan: Plan;
  readonly meter: RunMeter;
  /** Who computes the shards that are missing. */
  readonly engine: ShardEngine;
  /** The store is loaded as shards are done, where the engine does that: the run may be published. */
  readonly loadsStore: boolean;
  /** What was expected of it; null: nothing, or it is continued. */
  readonly estimate: Estimate | null;
}

/** The record of a run, as far as it has come. */
export type DescribeRun = (outcome: Pick<RunOutcome, 'status' | 'kv' | 'error'>) => RunRecord;

/**
 * Computes the shards that no earlier command committed, commits the run, and hands it to `finish`. What fails
 * is written down in the run's folder, unless another process has taken over and works there.
 */
export async function computeRun<T>(
  run: RunToCompute,
  finish: (committed: RunRecord, describe: DescribeRun) => Promise<T>,
): Promise<T> {
  const { locked, plan, engine } = run;
  const { lock, options } = locked;
  const paths = runPaths(locked.folder, plan.runId);
  const reused = await readCommittedShards(paths, plan, { verify: true, signal: options.signal });
  const reusedShards = new Set(engine.ownsEarlier ? [] : reused.keys());
  if (reusedShards.size > 0)
    options.effects.log.info(continuing(plan, reusedShards.size), { runId: plan.runId });
  const done = new Map<number, ShardRecord>(reused);
  const describe: DescribeRun = (outcome) => recordOf(run, done, reusedShards, outcome);
  let waitsForOthers = false;
  try {
    await computeShards(run, done);
    const gates = await checkGatesOf(run);
    await lock.assertHeld();
    await clearFailure(paths);
    options.effects.progress.update({ stage: 'commit' });
    const described: DescribeRun = (outcome) => ({
      ...describe(outcome),
      ...(gates.length === 0 ? {} : { gates }),
    });
    const status = options.publish === 'never' ? 'candidate' : 'committed';
    const committed = described({ status, kv: null });
    // Of a grid it is the coverage that is too low: the run is committed all the same.
    if (plan.input.grid === null) assertSomethingScored(committed);
    await checkParts(paths, committed.output.parts);
    await lock.assertHeld();
    await commitManifest(paths, committed);
    return await finish(committed, described);
  } catch (error) {
    waitsForOthers = isMissing(error);
    if (!isAskedToEnd(error, options) && !waitsForOthers && (await lock.isHeld()))
      await writeFailure(paths, describe({ status: 'failed', kv: null, error })).catch(() => {});
    throw error;
  } finally {
    if (!waitsForOthers && (await lock.isHeld())) await clearTemporaryFiles(paths).catch(() => {});
  }
}

/** Whether a signal ended the run: then it did not fail. */
function isAskedToEnd(error: unknown, { signal, drain }: LockedJob['options']): boolean {
  return (signal.aborted && !isOwnLimit(signal)) || (drain?.aborted === true && error === drain.reason);
}

/** Whether others have still to compute shards: then the run did not fail. */
function isMissing(error: unknown): boolean {
  return error instanceof ServeBatchError && error.code === 'SHARDS_MISSING';
}

async function computeShards(run: RunToCompute, done: Map<number, ShardRecord>): Promise<void> {
  const { plan, meter, engine } = run;
  const { locked } = run;
  const { options, workers, folder } = locked;
  const { spec, effects, signal, drain } = options;
  const { progress, log, clock } = effects;
  const rowsReused = [...done.values()].reduce((rows, { rowsIn }) => rows + rowsIn, 0);
  let rowsDone = 0;
  let halvedTo = plan.batchSize;
  const report = (): void => {
    const rejects = rejectsOf(plan, done.values());
    progress.update({ stage: 'score', runId: plan.runId, rowsDone, shardsDone: done.size, rejects });
  };
  const { length: shardsTotal } = plan.shards;
  progress.update({ stage: 'score', rowsTotal: plan.input.rows, rowsReused, shardsTotal });
  report();
  assertRejectsWithin(spec.onInvalid, plan, rejectsOf(plan, done.values()));
  await engine.compute({
    plan,
    folderOfJob: folder,
    run: { runId: plan.runId, memoryLimit: memoryLimitOf(spec) },
    shards: plan.shards.filter(({ index }) => !done.has(index)),
    workers,
    processes: shardsAtOnce(spec, plan.device),
    retries: spec.execution.retries,
    loadUnder: loadsBeside(run) ? fenceOf(locked.lock) : null,
    mapsStore: locked.storeUrl !== null && storeKindOf(locked.storeUrl)?.name === 'lmdb',
    rejectLimit: () => ({ policy: spec.onInvalid, before: rejectsOf(plan, done.values()) }),
    signal,
    ...(drain === undefined ? {} : { drain }),
    log,
    onRows: (rows) => {
      meter.sawRows();
      rowsDone += rows;
      report();
    },
    onCallRows: async (callRows) => {
      if (callRows >= halvedTo) return;
      halvedTo = callRows;
      await rememberHalved(plan, callRows, { folderOfJob: folder, now: () => clock.now(), log });
    },
    onWorkers: (count) => progress.update({ stage: 'score', workers: count }),
    onLoads: (stageSeconds) => {
      meter.extraSeconds.stage += stageSeconds;
    },
    onShard: (record) => {
      done.set(record.index, record);
      locked.runLog.note('debug', `shard ${record.index} is committed`, shardFields(record));
      report();
      assertRejectsWithin(spec.onInvalid, plan, rejectsOf(plan, done.values()));
    },
  });
}

/** Whether shards are loaded while others are scored. Slices of the keys need all parts. */
function loadsBeside({ plan, locked, loadsStore }: RunToCompute): boolean {
  return plan.kv !== null && plan.kv.slices === undefined && locked.storeUrl !== null && loadsStore;
}

function shardFields({ index, attempt, rowsOut, rejects, part }: ShardRecord) {
  return { shard: index, attempt, rowsOut, rejects, bytes: part.bytes };
}

function recordOf(
  { locked, plan, meter, estimate }: RunToCompute,
  shards: ReadonlyMap<number, ShardRecord>,
  reusedShards: ReadonlySet<number>,
  outcome: Pick<RunOutcome, 'status' | 'kv' | 'error'>,
): RunRecord {
  const { spec, effects } = locked.options;
  return buildRunRecord(plan, shards.values(), {
    ...outcome,
    startedAt: meter.startedAt,
    finishedAt: effects.clock.now(),
    durationSeconds: meter.seconds,
    firstRowSeconds: meter.firstRowSeconds,
    extraSeconds: meter.extraSeconds,
    reusedShards,
    coverageMin: plan.input.grid === null ? null : spec.coverage.min,
    outputPath: singleFileOf(spec) ?? publicPath(runPaths(locked.folder, plan.runId).folder),
    readiness: locked.readiness,
    estimate,
    versions: versions(),
    host: host(),
  });
}

function continuing({ runId, shards }: Plan, done: number): string {
  return `continuing run ${runId}: ${formatCount(done)} of ${formatNumber(shards.length, 'shard')} ${done === 1 ? 'is' : 'are'} done`;
}
