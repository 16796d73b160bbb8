import { describe, expect, it } from 'vitest';
import type { Distribution } from '../../src/gates/drift/distribution.ts';
import { stabilityIndex } from '../../src/gates/drift/psi.ts';
import {
  categoryChange,
  distributionDistance,
  meanShift,
  quantileShift,
} from '../../src/gates/drift/shifts.ts';

function numbers(values: readonly number[], missing = 0): Distribution {
  const sorted = Float64Array.from(values).sort();
  return { rows: values.length + missing, missing, numbers: sorted, texts: new Map() };
}

function texts(counts: Readonly<Record<string, number>>): Distribution {
  const rows = Object.values(counts).reduce((sum, each) => sum + each, 0);
  return { rows, missing: 0, numbers: new Float64Array(), texts: new Map(Object.entries(counts)) };
}

const evenly = (count: number, from = 0, to = 1): number[] =>
  Array.from({ length: count }, (_, index) => from + ((to - from) * (index + 0.5)) / count);

/** By the definition, over all values: no merging of sorted lists. */
function slowDistance(a: readonly number[], b: readonly number[]): number {
  const share = (values: readonly number[], at: number) =>
    values.filter((value) => value <= at).length / values.length;
  return Math.max(...[...a, ...b].map((at) => Math.abs(share(a, at) - share(b, at))));
}

describe('the population stability index', () => {
  it('is 0 of the same, and the formula of shares that are known', () => {
    expect(stabilityIndex(numbers(evenly(1000)), numbers(evenly(1000))).value).toBeCloseTo(0, 10);
    // Shares 0.6 and 0.4 where there were 0.5 and 0.5.
    const expected = 0.1 * Math.log(0.6 / 0.5) - 0.1 * Math.log(0.4 / 0.5);
    expect(stabilityIndex(texts({ a: 60, b: 40 }), texts({ a: 50, b: 50 })).value).toBeCloseTo(expected, 10);
    expect(
      stabilityIndex(
        numbers([...Array(60).fill(1), ...Array(40).fill(2)]),
        numbers([...Array(50).fill(1), ...Array(50).fill(2)]),
      ).value,
    ).toBeCloseTo(expected, 10);
  });

  it('counts values that nobody saw before, and missing ones', () => {
    expect(
      stabilityIndex(numbers([...Array(90).fill(1), ...Array(10).fill(7)]), numbers(Array(100).fill(1)))
        .value,
    ).toBeGreaterThan(0.5);
    expect(stabilityIndex(numbers(evenly(900), 100), numbers(evenly(1000))).value).toBeGreaterThan(0.5);
  });

  it('of two samples of one distribution stays below what it says is chance', () => {
    const random = (seed: number) => () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    for (const seed of [1, 2, 3, 4, 5]) {
      const draw = random(seed * 7919);
      const sample = () => numbers(Array.from({ length: 400 }, draw));
      const { value, noise } = stabilityIndex(sample(), sample());
      expect(value).toBeLessThan(noise);
      expect(noise).toBeLessThan(0.2);
    }
  });
});

describe('the distance of two distributions', () => {
  it.each([
    [
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ],
    [
      [1, 2, 3, 4],
      [3, 4, 5, 6],
    ],
    [
      [1, 1, 1, 5],
      [1, 5, 5, 5],
    ],
    [evenly(37, 0, 3), evenly(23, 1, 4)],
    [
      [0, 0, 0, 0.5],
      [0, 0.25, 0.5],
    ],
  ])('of %j and %j is what its definition says', (a, b) => {
    expect(distributionDistance(numbers(a), numbers(b)).value).toBeCloseTo(slowDistance(a, b), 12);
  });

  it('is 0 where there is nothing to compare', () => {
    expect(distributionDistance(numbers([]), numbers([1])).value).toBe(0);
  });
});

describe('shifts', () => {
  it('of the mean are a share of it, and of the standard deviation where it is 0', () => {
    expect(meanShift(numbers([2, 4]), numbers([1, 3])).value).toBeCloseTo(0.5);
    expect(meanShift(numbers([0, 2]), numbers([-1, 1])).value).toBeCloseTo(1);
  });

  it('of quantiles are a share of the distance of the outer ones', () => {
    const before = numbers(evenly(10_000, 0, 10));
    expect(quantileShift(before, before).value).toBe(0);
    const { value } = quantileShift(numbers(evenly(10_000, 4, 14)), before);
    expect(value).toBeGreaterThan(0.47);
    expect(value).toBeLessThan(0.5);
  });

  it('name categories that are new and lost, once they cannot be missing by chance', () => {
    const change = categoryChange(texts({ a: 90, new: 30, rare: 3 }), texts({ a: 90, lost: 30, seldom: 3 }));
    expect(change).toEqual({ isNew: ['new'], isLost: ['lost'] });
    expect(
      categoryChange(numbers(Array(50).fill(4)), numbers([...Array(50).fill(4), ...Array(50).fill(3)])),
    ).toEqual({ isNew: [], isLost: ['3'] });
    expect(categoryChange(numbers(evenly(50)), numbers(evenly(60)))).toEqual({ isNew: [], isLost: [] });
  });
});
