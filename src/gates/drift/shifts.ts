import { categoriesOf, type Distribution, quantile } from './distribution.ts';

/** A share, and what of it chance explains: samples of one distribution differ by that much 99.9 % of the time, at most. */
export interface Shift {
  readonly value: number;
  readonly noise: number;
}

const NONE: Shift = { value: 0, noise: 0 };

/** The greatest distance between the cumulative distributions of two samples, after Kolmogorov and Smirnov. */
export function distributionDistance(now: Distribution, before: Distribution): Shift {
  const [a, b] = [now.numbers, before.numbers];
  if (a.length === 0 || b.length === 0) return NONE;
  let value = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] as number, b[j] as number);
    while (i < a.length && (a[i] as number) <= at) i++;
    while (j < b.length && (b[j] as number) <= at) j++;
    value = Math.max(value, Math.abs(i / a.length - j / b.length));
  }
  return { value, noise: 1.95 * Math.sqrt((a.length + b.length) / (a.length * b.length)) };
}

/** How far the mean moved, as a share of the mean before; of a mean of 0, of the standard deviation. */
export function meanShift(now: Distribution, before: Distribution): Shift {
  const [a, b] = [momentsOf(now.numbers), momentsOf(before.numbers)];
  if (a === null || b === null || a.mean === b.mean) return NONE;
  const unit = Math.abs(b.mean) || Math.sqrt(b.variance) || 1;
  const error = Math.sqrt(a.variance / now.numbers.length + b.variance / before.numbers.length);
  return { value: Math.abs(a.mean - b.mean) / unit, noise: (3.29 * error) / unit };
}

function momentsOf(numbers: Float64Array): { readonly mean: number; readonly variance: number } | null {
  if (numbers.length === 0) return null;
  const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  return { mean, variance: numbers.reduce((sum, each) => sum + (each - mean) ** 2, 0) / numbers.length };
}

/**
 * How far the 10 %, 50 % and 90 % quantiles moved, the farthest of them, as a share of the distance of the
 * outer two before. A quantile has moved where it lies outside of the values around it that chance explains.
 */
export function quantileShift(now: Distribution, before: Distribution): Shift {
  const [a, b] = [now.numbers, before.numbers];
  if (a.length === 0 || b.length === 0) return NONE;
  const spread = quantile(b, 0.9) - quantile(b, 0.1) || Math.abs(quantile(b, 0.5)) || 1;
  const shifts = [0.1, 0.5, 0.9].map((share) => {
    const doubt = 3.29 * Math.sqrt(share * (1 - share) * (1 / a.length + 1 / b.length));
    const at = quantile(a, share);
    return Math.max(0, quantile(b, share - doubt) - at, at - quantile(b, share + doubt));
  });
  return { value: Math.max(...shifts) / spread, noise: 0 };
}

export interface CategoryChange {
  readonly isNew: readonly string[];
  readonly isLost: readonly string[];
}

/** A category that is rarer than this may miss in a sample by chance: some 20 rows of the sample. */
const SEEN_FOR_SURE = 20;

/** Categories that only one of two samples has. Of numbers with many values there are none. */
export function categoryChange(now: Distribution, before: Distribution): CategoryChange {
  const [a, b] = [categoriesOf(now), categoriesOf(before)];
  // The column became one of many values: its categories cannot be told.
  if (b === null || b.size === 0) return { isNew: [], isLost: [] };
  const only = (these: ReadonlyMap<string, number>, others: ReadonlyMap<string, number>) =>
    [...these]
      .filter(([category, count]) => count >= SEEN_FOR_SURE && !others.has(category))
      .map(([category]) => category);
  return { isNew: a === null ? ['more than 20 values'] : only(a, b), isLost: a === null ? [] : only(b, a) };
}
