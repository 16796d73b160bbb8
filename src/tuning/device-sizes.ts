import type { Plan } from '../core/plan.ts';
import type { BatchTiming } from './choose-batch-size.ts';

/** The first size that is tried on a device, and what is taken where nothing is tried. */
export const DEFAULT_DEVICE_BATCH = 4096;

const LARGEST_BATCH = 131_072;

/** Inputs and outputs of one call, in bytes: a child holds them several times, and so does the device. */
const MAX_BATCH_BYTES = 64 * 1024 ** 2;

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
