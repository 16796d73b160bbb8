import { describe, expect, it } from 'vitest';
import {
  type BatchTiming,
  budgetMs,
  chooseBatchSize,
  isClear,
  rowBytesOf,
  sizesToMeasure,
  sizesWithin,
} from '../../src/tuning/choose-batch-size.ts';
import { samplePlan } from '../runs/sample-run.ts';

function timing(batchSize: number, rowsPerSecond: number, sameBits = true): BatchTiming {
  return { batchSize, rowsPerSecond, sameBits };
}

describe('chooseBatchSize', () => {
  it.each<[what: string, timings: readonly BatchTiming[], chosen: number]>([
    ['the default where nothing was measured', [], 1024],
    ['the fastest', [timing(256, 80), timing(1024, 100), timing(4096, 120)], 4096],
    [
      'a smaller one where that is the fastest',
      [timing(256, 130), timing(1024, 100), timing(4096, 120)],
      256,
    ],
    ['the default where it is the fastest', [timing(256, 90), timing(1024, 100), timing(4096, 80)], 1024],
    [
      'the default where others are hardly faster',
      [timing(256, 107), timing(1024, 100), timing(4096, 107.9)],
      1024,
    ],
    [
      'another where it is just clearly faster',
      [timing(256, 90), timing(1024, 100), timing(4096, 108)],
      4096,
    ],
    ['none that changes bits', [timing(256, 110), timing(1024, 100), timing(4096, 200, false)], 256],
    ['the default where all others change bits', [timing(256, 300, false), timing(1024, 100)], 1024],
    ['the default where it was not measured', [timing(256, 300)], 1024],
  ])('is %s', (_, timings, chosen) => {
    expect(chooseBatchSize(timings)).toBe(chosen);
    expect(chooseBatchSize([...timings].reverse())).toBe(chosen);
  });
});

describe('isClear', () => {
  it.each<[what: string, others: readonly number[], isClear: boolean]>([
    ['far behind', [50, 90], true],
    ['as fast', [90, 101], true],
    ['a little faster', [90, 104], false],
    ['hardly enough faster', [111, 50], false],
    ['much faster', [90, 130], true],
    ['not there', [], true],
  ])('others that are %s', (_, others, expected) => {
    const timings = others.map((rate, index) => timing([256, 4096][index] ?? 0, rate));
    expect(isClear([timing(1024, 100), ...timings])).toBe(expected);
  });
});

describe('sizesWithin', () => {
  it.each([
    [44, [256, 1024, 4096]],
    // 500 columns of float32.
    [2004, [256, 1024, 4096]],
    [4096, [256, 1024, 4096]],
    [4097, [256, 1024]],
    [1_000_000, [256, 1024]],
  ])('rows of %i bytes', (rowBytes, sizes) => {
    expect(sizesWithin(rowBytes)).toEqual(sizes);
  });
});

describe('sizesToMeasure', () => {
  const QUICK = { rowBytes: 44, rowsAtHand: 4096, rowsOfRun: 300_000, defaultCallMs: 0.2 };

  it.each<[what: string, changes: Partial<typeof QUICK>, sizes: readonly number[]]>([
    ['all of a quick model', {}, [256, 1024, 4096]],
    ['no larger one where rows are wide', { rowBytes: 8000 }, [256, 1024]],
    ['no larger one where few rows are at hand', { rowsAtHand: 4095 }, [256, 1024]],
    ['none with too few rows for one batch', { rowsAtHand: 1023 }, []],
    ['no larger one of a model that takes its time', { defaultCallMs: 3 }, [256, 1024]],
    ['none of a slow model', { defaultCallMs: 30 }, []],
    [
      'the smaller one of a slow model in a long run',
      { defaultCallMs: 30, rowsOfRun: 5_000_000 },
      [256, 1024],
    ],
    ['never a larger one of a slow model', { defaultCallMs: 30, rowsOfRun: 1e9 }, [256, 1024]],
  ])('%s', (_, changes, sizes) => {
    expect(sizesToMeasure({ ...QUICK, ...changes })).toEqual(sizes);
  });

  it('costs about what it may, at most', () => {
    for (const defaultCallMs of [0.01, 0.5, 2.4, 2.6, 24, 26, 1000]) {
      const sizes = sizesToMeasure({ ...QUICK, defaultCallMs });
      const leastMs = 2 * sizes.length * ((sizes.at(-1) ?? 0) / 1024) * defaultCallMs;
      expect(leastMs).toBeLessThanOrEqual(budgetMs(QUICK.rowsOfRun, defaultCallMs));
    }
  });
});

describe('budgetMs', () => {
  it('is a tenth of a second, or a five-hundredth of the inference', () => {
    expect(budgetMs(300_000, 1)).toBe(100);
    expect(budgetMs(1024 * 10_000, 100)).toBe(2000);
  });
});

describe('rowBytesOf', () => {
  it('counts inputs and outputs', () => {
    const plan = samplePlan({
      features: {
        select: null,
        bindings: [
          { input: 'x', elementType: 'float32', columns: ['a', 'b'], rowShape: [2], fixedRows: null },
          { input: 't', elementType: 'string', columns: ['c'], rowShape: [1], fixedRows: null },
        ],
      },
      output: {
        keptColumns: [],
        predictions: [
          { output: 'y', elementType: 'float64', width: 3, shape: 'list', columns: ['y'] },
          { output: 'z', elementType: 'float16', width: 1, shape: 'scalar', columns: ['z'] },
        ],
        compression: 'zstd',
      },
    });
    expect(rowBytesOf(plan)).toBe(2 * 4 + 64 + 3 * 8 + 2);
  });
});
