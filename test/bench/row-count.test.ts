import { describe, expect, it } from 'vitest';
import { parseRowCount, rowCountText } from '../../bench/data/row-count.ts';

describe('numbers of rows', () => {
  it.each([
    ['7000', 7_000],
    ['700k', 700_000],
    ['7M', 7_000_000],
    ['7m', 7_000_000],
    ['1.5M', 1_500_000],
    ['70M', 70_000_000],
  ])('%s is %i', (text, rows) => {
    expect(parseRowCount(text)).toBe(rows);
  });

  it.each(['', '0', '-1', '7G', '1.23456', '71M', 'many', '7 M'])('"%s" is refused', (text) => {
    expect(() => parseRowCount(text)).toThrow(RangeError);
  });

  it.each(['7k', '700k', '7M', '1.5M', '12.3k', '1234567', '999'])('%s is said as it was given', (text) => {
    expect(rowCountText(parseRowCount(text))).toBe(text);
  });
});
