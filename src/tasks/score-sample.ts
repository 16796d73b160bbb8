import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SampleCost } from '../core/estimate.ts';
import type { Plan, ShardPlan } from '../core/plan.ts';
import type { Session } from '../inference/session.ts';
import { type RunPaths, runPaths } from '../runs/layout.ts';
import type { ShardRecord } from '../runs/record/shard-record.ts';
import { runShard } from '../shard/run-shard.ts';
import { readKvBatches } from '../sinks/kv/kv-batches.ts';
import type { Database } from '../source/duckdb/database.ts';

/** Scored first, so that nothing is loaded or compiled while the rest is timed. */
const WARM_UP_ROWS = 2_048;
/** Each sample has so many times the rows of the one before: together they tell a shard's cost from that of its rows. */
const GROWTH = 4;
/** A sample that takes longer is the last. */
const ENOUGH_SECONDS = 0.15;

export interface SampleContext {
  /** Not written yet. */
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly database: Database;
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/**
 * Scores the first rows of a run as its shards will, into a folder that is deleted again, and makes keys and values
 * of them. The store is left alone. Rows that cannot be scored are left out: the run will say what it does of them.
 */
export async function scoreSample(context: SampleContext): Promise<SampleCost> {
  const { plan, paths, database } = context;
  const folder = join(paths.temp, 'sample');
  try {
    const least = Math.min(WARM_UP_ROWS, plan.input.rows);
    await timeShard(context, folder, 0, least);
    let before = await timeShard(context, folder, 1, least);
    let last = before;
    for (let index = 2; last.seconds < ENOUGH_SECONDS && last.record.rowsIn < rowsOfShard(plan); index++) {
      before = last;
      const rows = Math.min(last.record.rowsIn * GROWTH, rowsOfShard(plan));
      last = await timeShard(context, folder, index, rows);
    }
    const { record } = last;
    return {
      rows: record.rowsIn,
      rowsOut: record.rowsOut,
      ...lineThrough(before, last),
      partBytes: record.part.bytes,
      store:
        plan.kv === null
          ? null
          : await timeKeys(database, plan.kv, runPaths(folder, plan.runId).part(record.index)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface TimedShard {
  readonly record: ShardRecord;
  readonly seconds: number;
}

function rowsOfShard({ shards }: Plan): number {
  const [first] = shards;
  return first === undefined ? 0 : first.rowEnd - first.rowStart;
}

/** What a shard takes whatever its size, and what each of its rows takes, from two of other sizes. */
function lineThrough(few: TimedShard, many: TimedShard): Pick<SampleCost, 'shardSeconds' | 'rowSeconds'> {
  const [fewer, more] = [few.record.rowsIn, many.record.rowsIn];
  const slope = more > fewer ? (many.seconds - few.seconds) / (more - fewer) : 0;
  const rowSeconds = slope > 0 ? slope : many.seconds / Math.max(1, more);
  return { rowSeconds, shardSeconds: Math.max(0, many.seconds - rowSeconds * more) };
}

async function timeShard(
  { plan, database, session, signal, now }: SampleContext,
  folder: string,
  index: number,
  rowEnd: number,
): Promise<TimedShard> {
  const nothing: ShardPlan = { index: 0, rowStart: 0, rowEnd: 0 };
  const shard: ShardPlan = { index, rowStart: 0, rowEnd };
  const start = performance.now();
  const record = await runShard(
    {
      plan: {
        ...plan,
        onInvalid: { action: 'reject', maxRows: null, maxShare: null },
        shards: [...new Array<ShardPlan>(index).fill(nothing), shard],
      },
      paths: runPaths(folder, plan.runId),
      database,
      session,
      attempt: 1,
      onRows() {},
      assertWanted: () => signal.throwIfAborted(),
      now,
    },
    index,
  );
  return { record, seconds: (performance.now() - start) / 1000 };
}

async function timeKeys(
  database: Database,
  kv: NonNullable<Plan['kv']>,
  part: string,
): Promise<NonNullable<SampleCost['store']>> {
  const counts = { keys: 0, values: 0, bytes: 0 };
  const start = performance.now();
  for await (const batch of readKvBatches(database, kv, part)) {
    counts.keys += batch.keys;
    counts.values += batch.rows;
    counts.bytes += batch.bytes.length;
  }
  return { ...counts, seconds: (performance.now() - start) / 1000 };
}
