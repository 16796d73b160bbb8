import type { Plan } from '../core/plan.ts';
import type { Session } from '../inference/session.ts';
import type { Database } from '../source/database.ts';
import { BatchScorer, type ScoreSink } from './batch-scorer.ts';
import { type BatchTiming, rowBytesOf } from './choose-batch-size.ts';
import { readProbe } from './probe-rows.ts';
import { ResultBits } from './result-bits.ts';

/** The first size that is tried on a device, and what is taken where nothing is tried. */
export const DEFAULT_DEVICE_BATCH = 4096;

const LARGEST_BATCH = 131_072;

/** Inputs and outputs of one call, in bytes: a child holds them several times, and so does the device. */
const MAX_BATCH_BYTES = 64 * 1024 ** 2;

/** A device that takes so long for a call, in milliseconds, gains nothing from fewer calls. */
const LONG_CALL_MS = 250;

/** A larger batch has to be so much faster than all before it, or doubling ends. */
const GAIN = 1.05;

/** The sizes that may be tried for a run of `rows` rows in its largest shard: doubling, smallest first. */
export function deviceSizes(rowBytes: number, rows: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = DEFAULT_DEVICE_BATCH; size <= LARGEST_BATCH; size *= 2) {
    const isLargerThanShard = size > DEFAULT_DEVICE_BATCH && size / 2 >= rows;
    if (isLargerThanShard || (sizes.length > 0 && size * rowBytes > MAX_BATCH_BYTES)) break;
    sizes.push(size);
  }
  return sizes;
}

/** The batch size of a device where nothing is measured: not more than the largest shard fills. */
export function defaultDeviceSize(rowsOfShard: number): number {
  let size = DEFAULT_DEVICE_BATCH;
  while (size > 16 && size / 2 >= rowsOfShard) size /= 2;
  return size;
}

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
  const probe = await readProbe(database, plan, sizes.at(-1) ?? DEFAULT_DEVICE_BATCH);
  const timings: BatchTiming[] = [];
  for (const batchSize of sizes) {
    if (probe.rows < batchSize) break;
    const ms = await timeCall(session, plan, probe, batchSize);
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
  probe: Awaited<ReturnType<typeof readProbe>>,
  batchSize: number,
): Promise<number | null> {
  const scorer = new BatchScorer({
    session,
    bindings: plan.output.predictions,
    fixedRows: batchSize,
    onCall() {},
  });
  try {
    await scorer.score(probe, NOTHING_KEPT, 0, batchSize);
    const start = performance.now();
    await scorer.score(probe, NOTHING_KEPT, 0, batchSize);
    return performance.now() - start;
  } catch (error) {
    if (batchSize === DEFAULT_DEVICE_BATCH) throw error;
    return null;
  }
}

/** The size with the most rows a second. */
export function chooseDeviceSize(timings: readonly BatchTiming[], rowsOfShard: number): number {
  const [first, ...others] = timings;
  if (first === undefined) return defaultDeviceSize(rowsOfShard);
  return others.reduce((best, each) => (each.rowsPerSecond > best.rowsPerSecond ? each : best), first)
    .batchSize;
}

export function rowsOfLargestShard({ shards }: Pick<Plan, 'shards'>): number {
  return shards.reduce((most, { rowStart, rowEnd }) => Math.max(most, rowEnd - rowStart), 0);
}

const NOTHING_KEPT: ScoreSink = new ResultBits([], 0);
