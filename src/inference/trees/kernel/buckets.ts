import { BUCKETS } from '../wasm/rank-functions.ts';

/** Where to begin searching a float32 value among cuts: see `searchRanks`. */
export interface Buckets {
  readonly low: number;
  readonly factor: number;
  readonly top: number;
  readonly shift: number;
  /** By bucket: the rank of its first cut. */
  readonly starts: readonly number[];
  /** A bucket has less than `2 ** steps` cuts. */
  readonly steps: number;
}

/**
 * Places go from 1 to 2, which spreads the buckets evenly, or to one of these powers of two: then the buckets of
 * great values are wide, and those next to the least cut narrow, as the cuts of prices and of sales are.
 */
const EXPONENTS = [1, 2, 4, 8, 16] as const;

/** Bits of a float32 behind its exponent. */
const FRACTION_BITS = 23;

/** The buckets that leave the least to search; null: none make it shorter. */
export function bucketsOf(cuts: Float64Array): Buckets | null {
  let best: Buckets | null = null;
  for (const exponent of EXPONENTS) {
    const found = spread(cuts, exponent);
    if (found !== null && found.steps < (best?.steps ?? stepsFor(cuts.length))) best = found;
  }
  return best;
}

/** Steps of a binary search among so many cuts. */
export function stepsFor(cuts: number): number {
  return Math.ceil(Math.log2(cuts + 1));
}

function spread(cuts: Float64Array, exponent: number): Buckets | null {
  const finite = cuts.filter(Number.isFinite);
  const [low, high] = [finite[0] ?? 0, finite.at(-1) ?? 0];
  const factor = Math.fround((2 ** exponent - 1) / (high - low));
  if (!(factor > 0 && factor < Number.POSITIVE_INFINITY)) return null;
  const top = Math.fround(2 ** exponent * (1 - 2 ** -24));
  const shift = FRACTION_BITS - Math.log2(BUCKETS / exponent);
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const cut of cuts) {
    const bucket = bucketOf(cut, { low, factor, top, shift });
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  let sum = 0;
  const starts = counts.map((count) => {
    sum += count;
    return sum - count;
  });
  return { low, factor, top, shift, starts, steps: stepsFor(Math.max(...counts)) };
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** What the kernel computes, operation by operation. */
export function bucketOf(
  value: number,
  { low, factor, top, shift }: Omit<Buckets, 'starts' | 'steps'>,
): number {
  const place = Math.fround(Math.fround(Math.fround(value - low) * factor) + 1);
  float[0] = Math.max(1, Math.min(top, place));
  return ((bits[0] as number) >>> shift) - (0x3f800000 >>> shift);
}
