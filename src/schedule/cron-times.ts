import { parseCron } from '../config/fields/cron.ts';
import type { ScheduleSpec } from '../config/sections/schedule.ts';

/** What occurrences are computed from. */
export type CronSchedule = Pick<ScheduleSpec, 'cron' | 'timezone'>;

/**
 * Occurrences of a schedule. Where clocks are set forward, a time in the gap occurs at its end; where they
 * are set back, a time that comes twice occurs the first time only, and "every hour" occurs in both hours.
 */

/** The first occurrence after an instant; null where there is none any more. */
export function nextOccurrence(schedule: CronSchedule, after: Date): Date | null {
  return cronOf(schedule).nextRun(after);
}

/** The next `count` occurrences after an instant. */
export function nextOccurrences(schedule: CronSchedule, after: Date, count: number): Date[] {
  return cronOf(schedule).nextRuns(count, after);
}

/** The last occurrence at or before an instant; null where there was none. */
export function latestOccurrence(schedule: CronSchedule, at: Date): Date | null {
  return cronOf(schedule).previousRuns(1, wholeSecondAfter(at))[0] ?? null;
}

/**
 * The occurrences from one instant to another, both inclusive, oldest first: of more than `limit`, the
 * newest.
 */
export function occurrencesBetween(schedule: CronSchedule, from: Date, to: Date, limit = 20_000): Date[] {
  const cron = cronOf(schedule);
  const found: Date[] = [];
  let before = wholeSecondAfter(to);
  while (found.length < limit) {
    const [previous] = cron.previousRuns(1, before);
    if (previous === undefined || previous < from) break;
    found.push(previous);
    before = previous;
  }
  return found.reverse();
}

/** Occurrences are whole minutes: what is before this instant is at or before the one that is asked for. */
function wholeSecondAfter(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000 + 1000);
}

const parsed = new Map<string, ReturnType<typeof parseCron>>();

/** Parsed once: a scheduler asks for the same few schedules all day. */
function cronOf({ cron, timezone }: CronSchedule): ReturnType<typeof parseCron> {
  const key = `${cron} ${timezone}`;
  const known = parsed.get(key) ?? parseCron(cron, timezone);
  parsed.set(key, known);
  return known;
}
