import { Cron } from 'croner';
import { describe, expect, it, vi } from 'vitest';
import {
  latestOccurrence,
  nextOccurrence,
  nextOccurrences,
  occurrencesBetween,
} from '../../../src/schedule/cron/cron-times.ts';

const STOCKHOLM = 'Europe/Stockholm';

function between(cron: string, timezone: string, from: string, to: string): string[] {
  return occurrencesBetween({ cron, timezone }, new Date(from), new Date(to)).map((each) =>
    each.toISOString(),
  );
}

describe('where clocks are changed', () => {
  it('a nightly time in the hour that is left out occurs once, at its end', () => {
    expect(between('30 2 * * *', STOCKHOLM, '2026-03-28T00:00:00Z', '2026-03-31T00:00:00Z')).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  it('a nightly time in the hour that comes twice occurs once', () => {
    expect(between('30 2 * * *', STOCKHOLM, '2026-10-24T00:00:00Z', '2026-10-27T00:00:00Z')).toEqual([
      '2026-10-24T00:30:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('"every hour" occurs each hour that passes', () => {
    expect(between('0 * * * *', STOCKHOLM, '2026-03-28T23:00:00Z', '2026-03-29T03:00:00Z')).toHaveLength(5);
    expect(between('0 * * * *', STOCKHOLM, '2026-10-24T23:00:00Z', '2026-10-25T03:00:00Z')).toHaveLength(5);
  });

  it('a year has as many nights forwards as backwards', () => {
    const year = between('30 2 * * *', STOCKHOLM, '2026-01-01T00:00:00Z', '2026-12-31T23:59:59Z');
    const schedule = { cron: '30 2 * * *', timezone: STOCKHOLM };
    const forwards = nextOccurrences(schedule, new Date('2026-01-01T00:00:00Z'), 365);
    expect(year).toHaveLength(365);
    expect(forwards.map((each) => each.toISOString())).toEqual(year);
  });
});

describe('occurrences', () => {
  const midnight = { cron: '0 0 * * *', timezone: 'UTC' };

  it('29 February comes every four years', () => {
    const schedule = { cron: '0 0 29 2 *', timezone: 'UTC' };
    expect(nextOccurrence(schedule, new Date('2026-11-21T00:00:00Z'))).toEqual(new Date('2028-02-29'));
    expect(latestOccurrence(schedule, new Date('2026-11-21T00:00:00Z'))).toEqual(new Date('2024-02-29'));
  });

  it.each([
    ['2026-11-21T00:00:00.000Z', '2026-11-21', '2026-11-22'],
    ['2026-11-21T00:00:00.500Z', '2026-11-21', '2026-11-22'],
    ['2026-11-20T23:59:59.999Z', '2026-11-20', '2026-11-21'],
  ])('at %s the latest is %s and the next %s', (now, latest, next) => {
    expect(latestOccurrence(midnight, new Date(now))).toEqual(new Date(latest));
    expect(nextOccurrence(midnight, new Date(now))).toEqual(new Date(next));
  });

  it('between two instants include both', () => {
    const days = between('0 0 * * *', 'UTC', '2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z');
    expect(days).toHaveLength(3);
    expect(between('0 0 * * *', 'UTC', '2026-11-20T00:00:01Z', '2026-11-20T23:00:00Z')).toEqual([]);
  });

  it('are all there, however many there are', () => {
    const year = between('* * * * *', 'UTC', '2026-01-01T00:00:00Z', '2026-12-31T23:59:00Z');
    expect(year).toHaveLength(365 * 1440);
    expect(year[0]).toBe('2026-01-01T00:00:00.000Z');
  });
});

it('computes each day of an expression once, however often it is asked for', () => {
  const schedule = { cron: '7 3 * * 1-5', timezone: 'UTC' };
  const [from, to] = [new Date('2026-03-01T00:00:00Z'), new Date('2026-06-01T00:00:00Z')];
  const first = occurrencesBetween(schedule, from, to);
  const computed = vi.spyOn(Cron.prototype, 'nextRun');
  try {
    expect(occurrencesBetween(schedule, from, to)).toEqual(first);
    expect(computed).not.toHaveBeenCalled();
  } finally {
    computed.mockRestore();
  }
});
