import { describe, expect, it } from 'vitest';
import {
  formatCompact,
  formatInstant,
  formatMs,
  formatShare,
  formatValue,
} from '../../src/report/numbers.ts';

describe('numbers for people', () => {
  it.each([
    [0, '0%'],
    [1, '100%'],
    [0.5, '50%'],
    [0.1234, '12.3%'],
    [0.00047, '0.047%'],
    [0.99953, '99.953%'],
    [1e-9, '<0.0001%'],
    [1 - 1e-9, '>99.9999%'],
  ])('a share of %s is %s', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });

  it.each([
    [0, '0'],
    [4.111923, '4.1119'],
    [-0.25, '-0.25'],
    [123_456.7, '123,457'],
    [1.5e-7, '1.5e-7'],
    [2e12, '2e+12'],
    [Number.NEGATIVE_INFINITY, '-∞'],
  ])('a value of %s is %s', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });

  it('axes have short ones', () => {
    expect([7000, 1_250_000, 12].map(formatCompact)).toEqual(['7k', '1.25M', '12']);
    expect([0.4281, 12, 1250].map(formatMs)).toEqual(['0.428 ms', '12 ms', '1.25 s']);
  });

  it('instants have a date, a time and their zone', () => {
    expect(formatInstant('2026-11-21T00:00:00.250Z')).toBe('2026-11-21 00:00:00 UTC');
    expect(formatInstant('soon')).toBe('soon');
  });
});
