import { bucketRange, LatencyHistogram } from '../../runs/record/latency-histogram.ts';
import type { ShardRecord } from '../../runs/record/shard-record.ts';
import type { Bin } from '../chart/histogram.ts';

/** Durations of the model calls of a run, in milliseconds. */
export interface LatencyFacts {
  readonly calls: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** How many calls took how long; each bin some percent wider than the one before. */
  readonly bins: readonly Bin[];
}

const MOST_BINS = 48;

/** Adds up what the shards measured. Null where no call was made. */
export function latencyOf(records: readonly ShardRecord[]): LatencyFacts | null {
  const all = new LatencyHistogram();
  for (const { batchLatency } of records) all.merge(LatencyHistogram.fromJSON(batchLatency));
  if (all.count === 0) return null;
  return {
    calls: all.count,
    p50: all.percentile(50),
    p95: all.percentile(95),
    p99: all.percentile(99),
    max: all.max,
    bins: binsOf(all),
  };
}

function binsOf(all: LatencyHistogram): Bin[] {
  const { buckets } = all.toJSON();
  const first = buckets[0]?.[0] ?? 0;
  const last = buckets.at(-1)?.[0] ?? first;
  const together = Math.ceil((last - first + 1) / MOST_BINS);
  const bins = Array.from({ length: Math.ceil((last - first + 1) / together) }, (_, index) => {
    const bucket = first + index * together;
    return { from: lowest(bucket), to: bucketRange(bucket + together - 1).toMs, value: 0 };
  });
  for (const [bucket, count] of buckets) {
    const bin = bins[Math.floor((bucket - first) / together)];
    if (bin !== undefined) bin.value += count;
  }
  return bins;
}

/** The axis is one of powers, which never reaches zero. */
function lowest(bucket: number): number {
  const { fromMs, toMs } = bucketRange(bucket);
  return fromMs > 0 ? fromMs : toMs / 2;
}
