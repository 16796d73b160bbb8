/** The values of one column in some rows: numbers, or texts with how often each occurs. */
export interface Distribution {
  readonly rows: number;
  /** Null, or NaN. */
  readonly missing: number;
  /** Sorted. Empty where the values are texts. */
  readonly numbers: Float64Array;
  /** Empty where the values are numbers. */
  readonly texts: ReadonlyMap<string, number>;
}

/** Numbers of at most so many values are taken for categories: a weekday, a region, a month. */
const FEW_VALUES = 20;

/** How often each category occurs; null: the values are too many numbers to be categories. */
export function categoriesOf({ numbers, texts }: Distribution): ReadonlyMap<string, number> | null {
  if (texts.size > 0) return texts;
  const counts = new Map<string, number>();
  for (let from = 0; from < numbers.length; ) {
    if (counts.size >= FEW_VALUES) return null;
    const value = numbers[from] as number;
    const to = upperBound(numbers, value);
    counts.set(String(value), to - from);
    from = to;
  }
  return counts;
}

/** How many of some sorted numbers are at most `value`. */
export function upperBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value at a share of some sorted numbers, by the nearest rank. NaN of none. */
export function quantile(sorted: Float64Array, share: number): number {
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))));
  return sorted[rank] ?? Number.NaN;
}
