import { describe, expect, it } from 'vitest';
import { amountScale, linearScale, niceTicks, powerScale } from '../../../src/report/chart/scale.ts';

const SPAN = { start: 0, end: 100 };

describe('scales', () => {
  it.each([
    [0, 10, 5, [0, 2, 4, 6, 8, 10]],
    [0.13, 0.97, 4, [0.5]],
    [-3, 3, 3, [-2, 0, 2]],
    [0, 0.3, 3, [0, 0.1, 0.2, 0.3]],
    [1e9, 1e9 + 4, 4, [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4]],
  ])('from %s to %s with about %s ticks: %j', (from, to, count, ticks) => {
    expect(niceTicks(from, to, count)).toEqual(ticks);
  });

  it('a linear one places its ends at the ends of the span', () => {
    const scale = linearScale(2, 4, { start: 100, end: 0 });
    expect([2, 3, 4].map(scale.place)).toEqual([100, 50, 0]);
  });

  it('one of a single value puts it in the middle', () => {
    for (const value of [0, 5, -5]) expect(linearScale(value, value, SPAN).place(value)).toBeCloseTo(50);
  });

  it('one of amounts begins at zero and ends with a tick that nothing exceeds', () => {
    for (const most of [0.0013, 1, 7, 43, 99.999, 1e6]) {
      const { from, to, ticks } = amountScale(most, SPAN);
      expect(from).toBe(0);
      expect(to).toBeGreaterThanOrEqual(most * (1 - 1e-9));
      expect(ticks.at(-1)).toBeCloseTo(to);
    }
    expect(amountScale(0, SPAN).place(0)).toBe(0);
  });

  it('one of powers gives equal room to equal ratios', () => {
    const scale = powerScale(1, 100, SPAN);
    expect(scale.place(10)).toBeCloseTo(50);
    expect(scale.ticks).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(powerScale(0.001, 1e6, SPAN).ticks).toHaveLength(10);
  });
});
