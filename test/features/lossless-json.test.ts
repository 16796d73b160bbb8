import { expect, it } from 'vitest';
import { parseLossless, stringifyLossless } from '../../src/features/lossless-json.ts';

it.each([
  ['the largest 64-bit number', '{"query_location":18446744073709551615}'],
  ['a long negative number', '[-9223372036854775808]'],
  ['a long fraction', '[0.1000000000000000055511151231257827]'],
  ['a long number in a text', '{"text":"18446744073709551615"}'],
  ['a quote within a text, before a long number', '["say \\"18446744073709551615\\"",18446744073709551615]'],
  ['a text that ends in a backslash', '["\\\\",18446744073709551615]'],
  ['short numbers', '[1,-2,3.5,1e5]'.replace('1e5', '100000')],
  ['null, true and nested things', '{"a":[null,true,{"b":[]}]}'],
])('gives back %s as it was', (_, text) => {
  expect(stringifyLossless(parseLossless(text))).toBe(text);
});

it('reads short numbers as numbers and texts as texts', () => {
  expect(parseLossless('{"a":1.5,"b":"18446744073709551615"}')).toEqual({
    a: 1.5,
    b: '18446744073709551615',
  });
});
