import type { Plan } from '../core/plan.ts';
import type { Session } from '../inference/session.ts';
import { BatchScorer, type ScoreSink } from '../shard/batch-scorer.ts';
import { readFirstRows } from '../shard/first-rows.ts';
import type { Database } from '../source/duckdb/database.ts';
import { type BatchTiming, rowBytesOf } from './choose-batch-size.ts';
import { DEFAULT_DEVICE_BATCH, deviceSizes, rowsOfLargestShard } from './device-sizes.ts';
import { ResultBits } from './result-bits.ts';

/** A device that takes so long for a call, in milliseconds, gains nothing from fewer calls. */
const LONG_CALL_MS = 250;

/** A larger batch has to be so much faster than all before it, or doubling ends. */
const GAIN = 1.05;

/**
 * How fast a device is with larger and larger batches of the input's first rows. It ends where its memory
 * does, where a call is long, and where a larger batch is not faster. Throws where the rows cannot be read,
 * or the device fails with the first size.
 */
export async function growBatches(request: {
  readonly plan: Plan;
  readonly database: Database;
  readonly session: Session;
}): Promise<readonly BatchTiming[]> {
  const { plan, database, session } = request;
  const sizes = deviceSizes(rowBytesOf(plan), rowsOfLargestShard(plan));
  const first = await readFirstRows(database, plan, sizes.at(-1) ?? DEFAULT_DEVICE_BATCH);
  const timings: BatchTiming[] = [];
  for (const batchSize of sizes) {
    if (first.rows < batchSize) break;
    const ms = await timeCall(session, plan, first, batchSize);
    if (ms === null) break;
    const rowsPerSecond = Math.round((batchSize * 1000) / ms);
    const before = Math.max(0, ...timings.map((each) => each.rowsPerSecond));
    timings.push({ batchSize, rowsPerSecond, sameBits: true });
    if (ms > LONG_CALL_MS || rowsPerSecond < GAIN * before) break;
  }
  return timings;
}

/** Milliseconds of the second of two calls; null where the device has no memory for it. */
async function timeCall(
  session: Session,
  plan: Plan,
  first: Awaited<ReturnType<typeof readFirstRows>>,
  batchSize: number,
): Promise<number | null> {
  const scorer = new BatchScorer({
    session,
    bindings: plan.output.predictions,
    fixedRows: batchSize,
    onCall() {},
  });
  try {
    await scorer.score(first, NOTHING_KEPT, 0, batchSize);
    const start = performance.now();
    await scorer.score(first, NOTHING_KEPT, 0, batchSize);
    return performance.now() - start;
  } catch (error) {
    if (batchSize === DEFAULT_DEVICE_BATCH) throw error;
    return null;
  }
}

const NOTHING_KEPT: ScoreSink = new ResultBits([], 0);
