import { describe, expect, it } from 'vitest';
import { parseValue } from '../../src/lookup/parse-value.ts';
import { INFO } from '../kv/store-contract.ts';

const text = { ...INFO, valueKind: 'text' } as const;
const json = { ...INFO, values: ['p10', 'p90'], valueKind: 'json' } as const;

describe('the value of a prediction', () => {
  it.each([
    ['1.5', 1.5],
    ['-1e-7', -1e-7],
    ['0', 0],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
  ])('is a number: %s', (stored, value) => {
    expect(parseValue(stored, INFO)).toBe(value);
  });

  it.each(['', ' ', 'n/a', 'nan', '{"a":1}'])('is refused where a number was meant: "%s"', (stored) => {
    expect(() => parseValue(stored, INFO)).toThrow(
      expect.objectContaining({ code: 'STORE_REFUSED', message: expect.stringContaining('g1') }),
    );
  });

  it.each(['', '1.5', 'NaN', '{"a":1}'])('is the text as it is: "%s"', (stored) => {
    expect(parseValue(stored, text)).toBe(stored);
  });

  it('is what the JSON says', () => {
    expect(parseValue('{"p10":1.5,"p90":null}', json)).toEqual({ p10: 1.5, p90: null });
    expect(parseValue('[0.25,0.75]', { ...json, values: ['probabilities'] })).toEqual([0.25, 0.75]);
    expect(parseValue('true', { ...json, values: ['flag'] })).toBe(true);
    expect(() => parseValue('{"p10":', json)).toThrow(expect.objectContaining({ code: 'STORE_REFUSED' }));
  });
});
