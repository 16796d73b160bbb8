import { expect, it } from 'vitest';
import { stringifyLossless } from '../../src/features/lossless-json.ts';
import { exactText, exactValue } from '../../src/lookup/exact-value.ts';
import { INFO } from '../kv/store-contract.ts';

it.each([
  ['number', '18446744073709551615', '18446744073709551615', '18446744073709551615'],
  ['number', '-9007199254740993', '-9007199254740993', '-9007199254740993'],
  ['number', '3.0', '3', '3'],
  ['number', '14.964146', '14.964146', '14.964146'],
  ['number', 'NaN', 'NaN', 'null'],
  ['number', '-Infinity', '-Infinity', 'null'],
  ['text', '18446744073709551615', '18446744073709551615', '"18446744073709551615"'],
  ['text', 'a "b"', 'a "b"', '"a \\"b\\""'],
  [
    'json',
    '{"id":9007199254740993,"note":"9007199254740993","p":null}',
    '{"id":9007199254740993,"note":"9007199254740993","p":null}',
    '{"id":9007199254740993,"note":"9007199254740993","p":null}',
  ],
  ['json', 'true', 'true', 'true'],
] as const)('a %s %s is printed as %s, and as JSON as %s', (valueKind, stored, text, json) => {
  const value = exactValue(stored, { ...INFO, valueKind });
  expect(exactText(value)).toBe(text);
  expect(stringifyLossless({ value })).toBe(`{"value":${json}}`);
});

it('refuses what no run of the job writes', () => {
  expect(() => exactValue('n/a', { ...INFO, valueKind: 'number' })).toThrow(
    expect.objectContaining({ code: 'STORE_REFUSED' }),
  );
});
