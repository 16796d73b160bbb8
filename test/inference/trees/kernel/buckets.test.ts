import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Buckets,
  bucketOf,
  bucketsOf,
  stepsFor,
} from '../../../../src/inference/trees/kernel/buckets.ts';
import { seeded } from '../../../support/trees/grow-trees.ts';

const LIST = fc.array(fc.float({ noNaN: true }), { minLength: 17, maxLength: 400 });

/** Values that crowd, as those of real columns do. */
const CROWD = fc
  .record({
    seed: fc.nat(),
    count: fc.integer({ min: 17, max: 400 }),
    power: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ seed, count, power }) => {
    const random = seeded(seed);
    return Array.from({ length: count }, () => Math.fround(random() ** power * 1000 - 20));
  });

test('the rank of a value is in what its bucket has to search', () => {
  fc.assert(
    fc.property(fc.oneof(LIST, CROWD), fc.array(fc.float()), (list, others) => {
      const cuts = Float64Array.from(new Set(list)).sort();
      const buckets = bucketsOf(cuts);
      if (buckets === null) return;
      expect(buckets.steps).toBeLessThan(stepsFor(cuts.length));
      for (const value of [...list, ...others, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        if (!Number.isNaN(value)) expect(isFound(value, cuts, buckets)).toBe(true);
    }),
  );
});

function isFound(value: number, cuts: Float64Array, buckets: Buckets): boolean {
  const rank = cuts.filter((cut) => value >= cut).length;
  const start = buckets.starts[bucketOf(value, buckets)] ?? Number.NaN;
  return start <= rank && rank < start + 2 ** buckets.steps;
}

test('evenly spread cuts leave one step, crowded ones few', () => {
  const even = Float64Array.from({ length: 250 }, (_, index) => index);
  expect(bucketsOf(even)?.steps).toBe(1);
  const prices = Float64Array.from({ length: 250 }, (_, index) => Math.fround(1.05 ** index));
  expect(bucketsOf(prices)?.steps).toBeLessThanOrEqual(2);
  expect(bucketsOf(Float64Array.of(Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY))).toBeNull();
});
