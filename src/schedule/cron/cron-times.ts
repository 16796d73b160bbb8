import type { ScheduleSpec } from '../../config/sections/schedule.ts';
import { type ClockPeriod, clockPeriods, instantOf, instantsOf, toLocal } from '../../core/zoned-time.ts';
import { type CronPattern, cronPattern } from './cron-pattern.ts';

/** What occurrences are computed from. */
export type CronSchedule = Pick<ScheduleSpec, 'cron' | 'timezone'>;

/**
 * Occurrences of a schedule. A cron expression names local times: days, and minutes of a day. Each of them
 * occurs once: the first time where clocks are set back and it comes twice, and at the end of the gap where
 * they are set forward past it. A schedule of every hour instead occurs whenever the clocks show one of its
 * minutes: in both hours where one comes twice, and never for a gap.
 */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A gap of a whole day moves the occurrences of one day to the next; farther than that none is moved. */
const MOVED_DAYS = 2;

/** The first occurrence after an instant; null where none is left. */
export function nextOccurrence(schedule: CronSchedule, after: Date): Date | null {
  return nextOccurrences(schedule, after, 1)[0] ?? null;
}

/** The next `count` occurrences after an instant. */
export function nextOccurrences(schedule: CronSchedule, after: Date, count: number): Date[] {
  const found: Date[] = [];
  if (count === 0) return found;
  for (const instant of occurrencesFrom(schedule, after.getTime() + 1)) {
    found.push(new Date(instant));
    if (found.length >= count) break;
  }
  return found;
}

/** The last occurrence at or before an instant; null where there was none. */
export function latestOccurrence(schedule: CronSchedule, at: Date): Date | null {
  const pattern = cronPattern(schedule.cron);
  let day = dayOf(at, schedule.timezone) + DAY_MS;
  for (;;) {
    const known = pattern.hasDay(day) ? day : pattern.dayBefore(day);
    if (known === null) return null;
    const past = instantsOfDay(pattern, known, schedule.timezone).filter((each) => each <= at.getTime());
    if (past.length > 0) return new Date(Math.max(...past));
    day = known - DAY_MS;
  }
}

/** The occurrences from one instant to another, both inclusive, oldest first. */
export function occurrencesBetween(schedule: CronSchedule, from: Date, to: Date): Date[] {
  const found: Date[] = [];
  for (const instant of occurrencesFrom(schedule, from.getTime())) {
    if (instant > to.getTime()) break;
    found.push(new Date(instant));
  }
  return found;
}

/** The occurrences from an instant (inclusive) on, in milliseconds, oldest first and each once. */
function* occurrencesFrom({ cron, timezone }: CronSchedule, from: number): Generator<number> {
  const pattern = cronPattern(cron);
  let last = from - 1;
  let day: number | null = dayOf(new Date(from), timezone) - MOVED_DAYS * DAY_MS;
  if (!pattern.hasDay(day)) day = pattern.dayAfter(day);
  for (; day !== null; day = pattern.dayAfter(day)) {
    for (const instant of instantsOfDay(pattern, day, timezone)) {
      if (instant <= last) continue;
      last = instant;
      yield instant;
    }
  }
}

/** The day that the clocks of a zone show, as the milliseconds of its midnight in UTC. */
function dayOf(instant: Date, timezone: string): number {
  return Math.floor(toLocal(instant, timezone) / DAY_MS) * DAY_MS;
}

/** The instants of a local day's occurrences, oldest first; those in a gap stand at its end, together. */
function instantsOfDay(pattern: CronPattern, day: number, timezone: string): readonly number[] {
  const periods = periodsOfDay(day, timezone);
  const locals = pattern.minutesOfDay.map((minute) => day + minute * MINUTE_MS);
  const [first, ...changed] = periods;
  if (first !== undefined && changed.length === 0) return locals.map((local) => local - first.offset);
  const instants = pattern.isEveryHour
    ? locals.flatMap((local) => instantsOf(local, periods))
    : locals.map((local) => instantOf(local, periods));
  return instants.sort((a, b) => a - b);
}

const periods = new Map<string, readonly ClockPeriod[]>();
const MOST_PERIODS = 1000;

/** Kept: a scheduler asks for the same few days again and again, and formatting dates is slow. */
function periodsOfDay(day: number, timezone: string): readonly ClockPeriod[] {
  const key = `${timezone} ${day}`;
  const known = periods.get(key);
  if (known !== undefined) return known;
  if (periods.size >= MOST_PERIODS) periods.clear();
  // Whatever the zone, its day lies within these three.
  const found = clockPeriods(day - DAY_MS, day + 2 * DAY_MS, timezone);
  periods.set(key, found);
  return found;
}
