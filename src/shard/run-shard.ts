import { hostname } from 'node:os';
import { ServeBatchError, toServeBatchError } from '../core/errors.ts';
import type { InvalidRowPolicy, Plan, ShardPlan } from '../core/plan.ts';
import { formatNumber } from '../core/text/amounts.ts';
import type { Session } from '../inference/session.ts';
import type { RunPaths } from '../runs/layout.ts';
import { LatencyHistogram } from '../runs/record/latency-histogram.ts';
import { type ShardRecord, writeShardRecord } from '../runs/record/shard-record.ts';
import { type WrittenFile, writeParquet } from '../sinks/parquet/part-file.ts';
import { type Reject, writeRejects } from '../sinks/parquet/reject-file.ts';
import type { Database } from '../source/duckdb/database.ts';
import { FirstCommit } from './part/first-commit.ts';
import { type ScorePartRequest, scorePart } from './part/score-part.ts';
import { assertRejectsWithin, rejectLimit } from './rejects/reject-limit.ts';
import { assertSourcesUnchanged } from './sources-unchanged.ts';
import { StageTimer } from './stage-timer.ts';

/** How many rejects end a run. */
export interface RejectLimit {
  /** Of the job as it is now: the plan's may be older. */
  readonly policy: InvalidRowPolicy;
  /** Rejects of the run without this shard. */
  readonly before: number;
}

export interface ShardContext {
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly database: Database;
  readonly session: Session;
  readonly attempt: number;
  /** When it was handed to this machine and others; left out: it was not. */
  readonly handedOutAt?: Date;
  /** The shard ends once there are more; left out: it does not. */
  readonly rejectLimit?: RejectLimit | null;
  /** Told rows as they are scored or rejected, for the progress line. */
  readonly onRows: (rows: number) => void;
  /** Asked between batches and before the commit; throws where the shard is no longer wanted. */
  readonly assertWanted: () => void;
  readonly now: () => Date;
}

/**
 * Computes one shard: read, bind, infer, write, commit. Running it twice, at the same time or after a
 * crash, is harmless: every file appears whole under its name, and who commits first wins. One that is
 * committed already is left as it is.
 */
export async function runShard(context: ShardContext, index: number): Promise<ShardRecord> {
  const shard = shardOf(context.plan, index);
  const first = new FirstCommit(context.paths, shard);
  try {
    await first.assertNone();
    return await computeShard(context, shard, first);
  } catch (error) {
    // Whatever became of the error on its way here.
    if (first.record !== undefined) return first.record;
    throw error;
  }
}

async function computeShard(
  context: ShardContext,
  shard: ShardPlan,
  { assertNone: beforeCommit }: FirstCommit,
): Promise<ShardRecord> {
  const { plan, paths } = context;
  const startedAt = context.now();
  const timer = new StageTimer();
  const latency = new LatencyHistogram();
  await assertSourcesUnchanged(plan, shard);

  const { part, rejects, inStatement } = await writeShard(context, { shard, timer, latency }, beforeCommit);
  await assertSourcesUnchanged(plan, shard);
  context.assertWanted();
  const record = shardRecord({ context, shard, part, rejects, inStatement, timer, latency, startedAt });
  return writeShardRecord(paths, record);
}

interface WrittenShard {
  readonly part: WrittenFile;
  readonly rejects: readonly Reject[];
  readonly inStatement: boolean;
}

async function writeShard(
  context: ShardContext,
  request: Pick<ScorePartRequest<WrittenFile>, 'shard' | 'timer' | 'latency'>,
  beforeCommit: () => Promise<void>,
): Promise<WrittenShard> {
  const { plan, paths, database } = context;
  const { shard } = request;
  const stopAt = rejectsToStopAt(context);
  const { part, rejects, inStatement } = await scorePart<WrittenFile>({
    ...context,
    ...request,
    stopAt,
    take: (select, assertWhole) =>
      writeParquet(database, select, paths.part(shard.index), plan.output.compression, async () => {
        assertWhole();
        await beforeCommit();
      }),
    takeRejects: async (found) => {
      await writeRejects(database, plan, shard, found, paths.rejects(shard.index));
    },
  });
  if (part === null || rejects.length >= stopAt) throw overLimit(context, rejects.length);
  return { part, rejects, inStatement };
}

/** Where nothing may be rejected, the first row that cannot be scored ends the shard with an error of its own. */
function rejectsToStopAt({ plan, rejectLimit: limit }: ShardContext): number {
  if (plan.onInvalid.action === 'fail') return 1;
  if (limit === undefined || limit === null) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor(rejectLimit(limit.policy, plan)) - limit.before + 1);
}

function overLimit({ plan, rejectLimit: limit }: ShardContext, rejects: number): ServeBatchError {
  try {
    if (limit !== undefined && limit !== null)
      assertRejectsWithin(limit.policy, plan, limit.before + rejects);
  } catch (error) {
    return toServeBatchError(error);
  }
  throw new TypeError('The shard ended early, and no limit says so');
}

function shardOf(plan: Plan, index: number): ShardPlan {
  const shard = plan.shards[index];
  if (shard === undefined)
    throw new ServeBatchError(
      'USAGE',
      `The plan of run ${plan.runId} has ${formatNumber(plan.shards.length, 'shard')}, so it has no shard ${index}. Give a number from 0 to ${plan.shards.length - 1}.`,
    );
  return shard;
}

function shardRecord(options: {
  readonly context: ShardContext;
  readonly shard: ShardPlan;
  readonly part: { readonly sha256: string; readonly bytes: number };
  readonly rejects: readonly Reject[];
  readonly inStatement: boolean;
  readonly timer: StageTimer;
  readonly latency: LatencyHistogram;
  readonly startedAt: Date;
}): ShardRecord {
  const { context, shard, part, rejects, inStatement, timer, latency, startedAt } = options;
  const { handedOutAt } = context;
  const rowsIn = shard.rowEnd - shard.rowStart;
  return {
    ...shard,
    attempt: context.attempt,
    rowsIn,
    rowsOut: rowsIn - rejects.length,
    rejects: rejects.length,
    part: { file: context.paths.part(shard.index), ...part },
    rejectsFile: rejects.length > 0 ? context.paths.rejects(shard.index) : null,
    seconds: timer.seconds(),
    inStatement,
    batchLatency: latency.toJSON(),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    host: hostname(),
    ...(handedOutAt === undefined
      ? {}
      : { waitSeconds: Math.max(0, startedAt.getTime() - handedOutAt.getTime()) / 1000 }),
    startedAt: startedAt.toISOString(),
    finishedAt: context.now().toISOString(),
  };
}
