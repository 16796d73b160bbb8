import { describe, expect, it } from 'vitest';
import {
  fromLocal,
  isTimeZone,
  localText,
  parseInstant,
  parseLocal,
  toLocal,
} from '../../src/core/zoned-time.ts';

const STOCKHOLM = 'Europe/Stockholm';

function local(text: string): number {
  return parseLocal(text) ?? Number.NaN;
}

describe('local time', () => {
  it.each([
    ['2026-11-21T00:00:00Z', STOCKHOLM, '2026-11-21T01:00:00'],
    ['2026-07-01T12:30:00Z', 'America/New_York', '2026-07-01T08:30:00'],
    ['2026-02-28T18:45:00Z', 'Asia/Kathmandu', '2026-03-01T00:30:00'],
    ['2026-11-21T00:00:00Z', 'UTC', '2026-11-21T00:00:00'],
    ['1969-12-31T23:59:59Z', 'UTC', '1969-12-31T23:59:59'],
  ])('%s in %s is %s, and back', (instant, zone, text) => {
    expect(localText(toLocal(new Date(instant), zone))).toBe(text);
    expect(fromLocal(local(text), zone)).toEqual(new Date(instant));
  });

  it('keeps milliseconds', () => {
    expect(toLocal(new Date('2026-11-21T00:00:00.250Z'), 'UTC') % 1000).toBe(250);
  });

  it('which does not exist, as clocks go forward, is the end of the gap', () => {
    expect(fromLocal(local('2026-03-29T02:30'), STOCKHOLM)).toEqual(new Date('2026-03-29T01:00:00Z'));
    const halfAnHour = fromLocal(local('2026-10-04T02:10'), 'Australia/Lord_Howe');
    expect(halfAnHour).toEqual(new Date('2026-10-03T15:30:00Z'));
  });

  it('which is there twice, as clocks go back, is the first', () => {
    expect(fromLocal(local('2026-10-25T02:30'), STOCKHOLM)).toEqual(new Date('2026-10-25T00:30:00Z'));
  });
});

describe('what users write', () => {
  it.each([
    ['2026-11-21', '2026-11-20T23:00:00.000Z'],
    ['2026-11-21T02:30', '2026-11-21T01:30:00.000Z'],
    ['2026-11-21 02:30:15', '2026-11-21T01:30:15.000Z'],
    ['2026-11-21T02:30:00Z', '2026-11-21T02:30:00.000Z'],
    ['2026-11-21T02:30:00.250Z', '2026-11-21T02:30:00.250Z'],
    ['2026-11-21T02:30:00+05:30', '2026-11-20T21:00:00.000Z'],
    ['2026-11-21T02:30:00-0200', '2026-11-21T04:30:00.000Z'],
    ['2028-02-29', '2028-02-28T23:00:00.000Z'],
  ])('%s is an instant', (text, instant) => {
    expect(parseInstant(text, STOCKHOLM)?.toISOString()).toBe(instant);
  });

  it.each(['2026-02-29', '2026-13-01', '2026-11-21T24:30', 'tomorrow', '', '21.11.2026', '2026-11-21T'])(
    '"%s" is none',
    (text) => {
      expect(parseInstant(text, STOCKHOLM)).toBeUndefined();
    },
  );

  it('knows time zones by their IANA names', () => {
    expect(['Europe/Stockholm', 'UTC'].every(isTimeZone)).toBe(true);
    expect(['Mars/Olympus', ''].some(isTimeZone)).toBe(false);
  });
});
