import { describe, expect, it } from 'vitest';
import { fromLocal, toLocal } from '../../src/core/zoned-time.ts';
import { latestOccurrence, nextOccurrence, occurrencesBetween } from '../../src/schedule/cron/cron-times.ts';
import { shownMinutes, slowOccurrences } from './slow-cron.ts';

const MINUTES = ['0', '0,30', '*/20', '*'];
const HOURS = ['2', '0', '23', '2,14', '2-3', '1-5/2', '*/2', '0-23', '*'];
const PATTERNS = [
  ...HOURS.flatMap((hour) => MINUTES.map((minute) => `${minute} ${hour} * * *`)),
  '30 2 29 * 0',
  '30 * 29 * 0',
];

/** Both clock changes of a year, with two days before and a day and a half after. */
const CHANGES = [
  ['Europe/Stockholm', '2027-03-26T12:00Z', '2027-03-30T00:00Z'],
  ['Europe/Stockholm', '2026-10-23T12:00Z', '2026-10-27T00:00Z'],
  ['Africa/Cairo', '2026-04-22T12:00Z', '2026-04-26T00:00Z'],
  ['Africa/Cairo', '2026-10-27T12:00Z', '2026-10-31T12:00Z'],
  ['America/New_York', '2026-03-06T12:00Z', '2026-03-10T00:00Z'],
  ['America/New_York', '2026-10-30T12:00Z', '2026-11-03T00:00Z'],
  ['America/St_Johns', '2026-03-06T12:00Z', '2026-03-10T00:00Z'],
  ['America/Havana', '2026-10-30T12:00Z', '2026-11-03T00:00Z'],
  ['America/Sao_Paulo', '2018-02-16T12:00Z', '2018-02-20T00:00Z'],
  ['America/Sao_Paulo', '2018-11-02T12:00Z', '2018-11-06T00:00Z'],
  // Half an hour forward and back.
  ['Australia/Lord_Howe', '2026-10-02T00:00Z', '2026-10-05T12:00Z'],
  ['Australia/Lord_Howe', '2026-04-03T00:00Z', '2026-04-06T12:00Z'],
  // A day that was left out.
  ['Pacific/Apia', '2011-12-28T12:00Z', '2012-01-01T12:00Z'],
  // An offset that is not whole hours, and no change.
  ['Asia/Kathmandu', '2026-03-26T12:00Z', '2026-03-29T00:00Z'],
] as const;

describe.each(CHANGES)('in %s from %s to %s', (timezone, from, to) => {
  const minutes = shownMinutes(timezone, from, to);
  // What came before is not known to the slow way: it has a day to look back.
  const first = (minutes[0]?.instant ?? 0) + 86_400_000;
  const last = minutes.at(-1)?.instant ?? 0;

  it('every pattern occurs as the rule says, looked at from all sides', () => {
    for (const cron of PATTERNS) {
      const schedule = { cron, timezone };
      const expected = slowOccurrences(cron, minutes).filter((each) => each >= first);
      const found = occurrencesBetween(schedule, new Date(first), new Date(last));
      expect(iso(found), cron).toEqual(iso(expected));
      const stride = Math.ceil(expected.length / 8);
      for (let index = 1; index < expected.length; index += stride) {
        const [before = 0, at = 0] = expected.slice(index - 1);
        expect(nextOccurrence(schedule, new Date(before))?.getTime(), cron).toBe(at);
        expect(latestOccurrence(schedule, new Date(at))?.getTime(), cron).toBe(at);
        expect(latestOccurrence(schedule, new Date(at - 1))?.getTime(), cron).toBe(before);
      }
    }
  });

  it('a local time that a user writes is the occurrence of that time', () => {
    const occurrences = new Set(slowOccurrences('* 0-22 * * *', minutes));
    for (const { instant, shown } of minutes) {
      if (instant < first || instant % 420_000 > 0 || new Date(shown).getUTCHours() === 23) continue;
      const meant = fromLocal(shown, timezone);
      expect([occurrences.has(meant.getTime()), toLocal(meant, timezone)]).toEqual([true, shown]);
    }
  });
});

describe('a time in the gap', () => {
  it('is the same instant for a schedule and for a user', () => {
    const timezone = 'Europe/Stockholm';
    const meant = fromLocal(Date.parse('2027-03-28T02:30Z'), timezone);
    expect(meant).toEqual(new Date('2027-03-28T01:00:00Z'));
    expect(nextOccurrence({ cron: '30 2 * * *', timezone }, new Date('2027-03-27T12:00Z'))).toEqual(meant);
  });
});

function iso(instants: readonly (Date | number)[]): string[] {
  return instants.map((each) => new Date(each).toISOString());
}
