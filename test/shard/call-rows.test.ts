import { describe, expect, it } from 'vitest';
import { callRows, middleOf } from '../../src/shard/call-rows.ts';

describe('callRows', () => {
  it.each([
    [0, 1024, 1024, [0, 1024]],
    [0, 1, 1024, [0, 16]],
    [0, 17, 1024, [0, 32]],
    [20, 21, 1024, [16, 32]],
    [15, 17, 1024, [0, 32]],
    // There is no room for a whole group.
    [0, 5, 10, [0, 10]],
    [96, 97, 100, [96, 100]],
    [0, 1, 1, [0, 1]],
  ])('rows %i to %i of %i', (from, to, capacity, [start, end]) => {
    expect(callRows(from, to, capacity)).toEqual({ start, end });
  });
});

describe('middleOf', () => {
  it.each([
    [0, 1024, 512],
    [0, 1000, 512],
    [0, 32, 16],
    [0, 17, 16],
    [32, 40, 36],
    [0, 16, 8],
    [7, 9, 8],
    [15, 17, 16],
    [30, 33, 32],
  ])('rows %i to %i are cut at %i', (from, to, middle) => {
    expect(middleOf(from, to)).toBe(middle);
  });

  it('leaves rows on both sides', () => {
    for (let from = 0; from < 40; from++)
      for (let to = from + 2; to < 80; to++) {
        expect(middleOf(from, to)).toBeGreaterThan(from);
        expect(middleOf(from, to)).toBeLessThan(to);
      }
  });
});
