import { describe, expect, it } from 'vitest';
import { rangeDimension } from '../../../src/source/grid/grid-range.ts';
import type { RangeDimension } from '../../../src/source/grid/grid-spec.ts';

function range(changes: Partial<RangeDimension>): RangeDimension {
  return {
    kind: 'range',
    name: 'd',
    from: '2026-11-21',
    to: null,
    days: null,
    hours: null,
    step: null,
    ...changes,
  };
}

describe('a range', () => {
  it.each([
    ['days', { days: 7 }, 'DATE', 7, '2026-11-21', 1],
    ['days from a time', { from: '2026-11-21T02:30:00', days: 7 }, 'DATE', 7, '2026-11-21', 1],
    ['dates to a date, inclusive', { to: '2026-11-27' }, 'DATE', 7, '2026-11-21', 1],
    ['every second day', { days: 7, step: 172_800 }, 'DATE', 4, '2026-11-21', 2],
    ['hours of days', { days: 7, step: 3600 }, 'TIMESTAMP', 168, '2026-11-21T00:00:00', 3600],
    ['hours', { hours: 24 }, 'TIMESTAMP', 24, '2026-11-21T00:00:00', 3600],
    ['quarters of an hour', { hours: 2, step: 900 }, 'TIMESTAMP', 8, '2026-11-21T00:00:00', 900],
    [
      'days at a time of day',
      { from: '2026-11-21T06:00', days: 2, step: 86_400 },
      'TIMESTAMP',
      2,
      '2026-11-21T06:00:00',
      86_400,
    ],
    ['numbers', { from: 0, to: 23 }, 'BIGINT', 24, '0', 1],
    ['numbers in steps', { from: -4, to: 5, step: 3 }, 'BIGINT', 4, '-4', 3],
    ['one number', { from: 5, to: 5 }, 'BIGINT', 1, '5', 1],
    ['29 February', { from: '2028-02-28', to: '2028-03-01' }, 'DATE', 3, '2028-02-28', 1],
  ] as const)('of %s', (_, changes, type, size, from, step) => {
    expect(rangeDimension(range(changes))).toEqual({
      name: 'd',
      type,
      size,
      source: { kind: 'range', from, step },
    });
  });

  it.each([
    [{ from: '2026-02-30', days: 1 }, 'expected dates or times'],
    [{ to: '2026-11-20' }, '"to" at or after "from"; it is 2026-11-20'],
    [{ from: 3, days: 2 }, 'expected whole numbers from and to'],
    [{ from: 'soon', days: 2 }, 'begins with soon'],
  ])('%j is an error', (changes, message) => {
    expect(() => rangeDimension(range(changes))).toThrow(
      expect.objectContaining({ code: 'INPUT_GRID', message: expect.stringContaining(message) }),
    );
  });
});
