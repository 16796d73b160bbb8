import { describe, expect, it } from 'vitest';
import { childSeconds } from '../../bench/measure/measure-command.ts';
import { type Measurement, median, summarise } from '../../bench/measure/measurement.ts';

const MEASURED: Measurement = { rows: 100, wallSeconds: 1, cpuSeconds: null, memory: null, details: {} };

describe('median', () => {
  it.each([
    [[3], 3],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[1, 1, 100], 1],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('of nothing is not a number', () => {
    expect(median([])).toBeNaN();
  });
});

describe('summarise', () => {
  it('takes the median of each figure on its own', () => {
    const memory = { largestBytes: 1, largestAnonymousBytes: 1, togetherBytes: 1 };
    const summary = summarise([
      { ...MEASURED, wallSeconds: 4, cpuSeconds: 1, details: { batchRows: 1024, note: 'a' } },
      { ...MEASURED, wallSeconds: 2, cpuSeconds: 9, memory, details: { batchRows: 4096, note: 'b' } },
      { ...MEASURED, wallSeconds: 1, cpuSeconds: 3, details: { batchRows: 1024, note: null } },
    ]);
    expect(summary).toMatchObject({ rows: 100, wallSeconds: 2, rowsPerSecond: 50, cpuSeconds: 3, memory });
    expect(summary.details).toEqual({ batchRows: 1024, note: null });
  });

  it('keeps what was not measured as null', () => {
    expect(summarise([MEASURED])).toMatchObject({ cpuSeconds: null, memory: null });
  });
});

describe('times of bash', () => {
  it('are those of its children', () => {
    expect(childSeconds('0m0.001s 0m0.002s\n1m2.500s 0m0.250s\n')).toBe(62.75);
  });

  it('are missed', () => {
    expect(() => childSeconds('')).toThrow('bash printed no times');
  });
});
