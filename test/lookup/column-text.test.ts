import { describe, expect, it } from 'vitest';
import { columnText } from '../../src/lookup/column-text.ts';

describe('the text of a key column', () => {
  it.each([
    ['a text', ' Malmö:1 ', ' Malmö:1 '],
    ['an integer', 17, '17'],
    ['zero with a sign', -0, '0'],
    ['a fraction', 1.5, '1.5'],
    ['an integer beyond 2^53', 9007199254740993n, '9007199254740993'],
    ['a day', new Date('2026-11-21'), '2026-11-21'],
    ['a time', new Date('2026-11-21T05:00:00Z'), '2026-11-21T05:00:00'],
    ['a time with seconds that end in zero', new Date('2026-11-21T05:10:20Z'), '2026-11-21T05:10:20'],
    ['a time with a fraction', new Date('2026-11-21T05:00:00.250Z'), '2026-11-21T05:00:00.25'],
    ['a time with milliseconds', new Date('2026-11-21T00:00:00.007Z'), '2026-11-21T00:00:00.007'],
    ['a time of another zone, in UTC', new Date('2026-11-21T00:00:00+01:00'), '2026-11-20T23:00:00'],
  ])('of %s', (_, value, text) => {
    expect(columnText('date', value)).toBe(text);
  });

  it('is refused for an invalid Date', () => {
    expect(() => columnText('date', new Date('no date'))).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('"date"') }),
    );
  });
});
