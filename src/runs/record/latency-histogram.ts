import { z } from 'zod';

/**
 * Each bucket is 4 % wider than the one before: an answer from its middle is wrong by at most
 * (1.04 - 1) / (1.04 + 1) = 1.96 %. The scheme of DDSketch (Masson, Rim and Lee, VLDB 2019).
 */
const GROWTH = 1.04;
const LOG_GROWTH = Math.log(GROWTH);
/** Anything faster counts as this: one microsecond. */
const SMALLEST_MS = 0.001;
/** Reaches 28 hours: log(1e8 / 0.001) / log(1.04), rounded up. */
const BUCKETS = 647;

export const latencyHistogramSchema = z.object({
  /** The slowest, exactly. */
  maxMs: z.number().nonnegative(),
  /** `[bucket, count]` of the buckets that are not empty, ascending. */
  buckets: z.array(
    z.tuple([
      z
        .int()
        .min(0)
        .max(BUCKETS - 1),
      z.int().positive(),
    ]),
  ),
});

export interface LatencyHistogramJson {
  readonly maxMs: number;
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
}

/** Percentiles of durations in fixed memory, within 2 %; histograms of several processes add up. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #maxMs = 0;

  static fromJSON(json: LatencyHistogramJson): LatencyHistogram {
    const histogram = new LatencyHistogram();
    for (const [bucket, count] of json.buckets) histogram.#add(bucket, count);
    histogram.#maxMs = json.maxMs;
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  /** The longest duration in milliseconds, exactly; 0 where nothing was recorded. */
  get max(): number {
    return this.#maxMs;
  }

  /** Durations below zero, from a clock that was set, count as zero. */
  record(ms: number): void {
    this.#add(bucketOf(ms), 1);
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** Adds all of another histogram to this one. */
  merge(other: LatencyHistogram): void {
    other.#counts.forEach((count, bucket) => {
      this.#add(bucket, count);
    });
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** The duration in milliseconds that `percent` (0 to 100) of all do not exceed; 0 where nothing was recorded. */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count));
    if (rank >= this.#count) return this.#maxMs;
    let seen = 0;
    const bucket = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    return Math.min(middleOf(bucket), this.#maxMs);
  }

  toJSON(): LatencyHistogramJson {
    const buckets: [number, number][] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) buckets.push([bucket, count]);
    });
    return { maxMs: this.#maxMs, buckets };
  }

  #add(bucket: number, count: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#count += count;
  }
}

/** Bucket `i` holds durations above `SMALLEST_MS * GROWTH ** (i - 1)`, up to `SMALLEST_MS * GROWTH ** i`. */
function bucketOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / SMALLEST_MS) / LOG_GROWTH));
}

/** What a bucket holds: durations above `fromMs`, up to `toMs`. The first one begins at nothing. */
export function bucketRange(bucket: number): { readonly fromMs: number; readonly toMs: number } {
  return {
    fromMs: bucket === 0 ? 0 : SMALLEST_MS * GROWTH ** (bucket - 1),
    toMs: SMALLEST_MS * GROWTH ** bucket,
  };
}

/** The value with the smallest greatest relative error within a bucket. */
function middleOf(bucket: number): number {
  return SMALLEST_MS * GROWTH ** bucket * (2 / (1 + GROWTH));
}
