import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatCount } from '../../../src/core/text/amounts.ts';

it('writes a count as the locale does, without loading it', () => {
  const inEnglish = (value: number): string => Math.round(value).toLocaleString('en-US');
  for (const value of [0, 7, 999, 1000, 999_999.4, 1_234_567, -1000, Number.POSITIVE_INFINITY, 1e21])
    expect(formatCount(value)).toBe(inEnglish(value));
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => formatCount(value) === inEnglish(value)));
});
