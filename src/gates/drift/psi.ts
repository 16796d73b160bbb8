import { categoriesOf, type Distribution, quantile, upperBound } from './distribution.ts';

const BINS = 10;
/** The least share of a bin: an empty one would make the index infinite. */
const LEAST_SHARE = 1e-4;

export interface StabilityIndex {
  readonly value: number;
  /** What samples of one and the same distribution give 99.9 % of the time, at most. */
  readonly noise: number;
}

/**
 * Population stability index: sum over bins of (a - b) * ln(a / b), where a and b are shares of rows. Bins are
 * tenths of the rows before; each category is a bin where there are few values; missing values are one, too.
 */
export function stabilityIndex(now: Distribution, before: Distribution): StabilityIndex {
  if (now.rows === 0 || before.rows === 0) return { value: 0, noise: 0 };
  const bins = binCounts(now, before);
  let value = 0;
  for (const [a, b] of bins) {
    const p = Math.max(a / now.rows, LEAST_SHARE);
    const q = Math.max(b / before.rows, LEAST_SHARE);
    value += (p - q) * Math.log(p / q);
  }
  return { value, noise: (1 / now.rows + 1 / before.rows) * chiSquare999(bins.length - 1) };
}

/** Rows of each bin, now and before. */
function binCounts(now: Distribution, before: Distribution): readonly (readonly [number, number])[] {
  const missing = [now.missing, before.missing] as const;
  const categories = categoriesOf(before);
  const pairs = categories === null ? byTenths(now, before) : byCategory(now, categories);
  const withMissing = missing[0] + missing[1] > 0 ? [...pairs, missing] : pairs;
  return withMissing.filter(([a, b]) => a + b > 0);
}

function byCategory(
  now: Distribution,
  before: ReadonlyMap<string, number>,
): readonly (readonly [number, number])[] {
  const current = now.texts.size > 0 ? now.texts : countNumbers(now.numbers, before);
  let others = now.rows - now.missing;
  const pairs = [...before].map(([category, count]) => {
    const here = current.get(category) ?? 0;
    others -= here;
    return [here, count] as const;
  });
  return [...pairs, [others, 0]];
}

function countNumbers(
  numbers: Float64Array,
  categories: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const number of numbers) {
    const category = String(number);
    if (categories.has(category)) counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return counts;
}

function byTenths(now: Distribution, before: Distribution): readonly (readonly [number, number])[] {
  const cuts = Array.from({ length: BINS - 1 }, (_, index) => quantile(before.numbers, (index + 1) / BINS));
  const edges = [...new Set(cuts), Number.POSITIVE_INFINITY];
  const cumulative = ({ numbers }: Distribution) => edges.map((edge) => upperBound(numbers, edge));
  const [a, b] = [cumulative(now), cumulative(before)];
  return edges.map(
    (_, index) => [(a[index] ?? 0) - (a[index - 1] ?? 0), (b[index] ?? 0) - (b[index - 1] ?? 0)] as const,
  );
}

/** The 99.9 % point of the chi-square distribution, by Wilson and Hilferty. */
function chiSquare999(freedom: number): number {
  if (freedom < 1) return 0;
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3;
}
