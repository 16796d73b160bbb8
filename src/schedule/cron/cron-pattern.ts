import { parseCron } from '../../config/fields/cron.ts';

/** The local times that a cron expression names, whatever the time zone. */
export interface CronPattern {
  /** From 0 to 1439, ascending; the same on each of its days. */
  readonly minutesOfDay: readonly number[];
  /** Whether it names all 24 hours. */
  readonly isEveryHour: boolean;
  /** Days are the milliseconds of their midnight in UTC. */
  hasDay(day: number): boolean;
  /** Null where none is left. */
  dayAfter(day: number): number | null;
  dayBefore(day: number): number | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const parsed = new Map<string, CronPattern>();

/** Parsed once: a scheduler asks for the same few expressions all day. */
export function cronPattern(cron: string): CronPattern {
  const known = parsed.get(cron) ?? parsePattern(cron);
  parsed.set(cron, known);
  return known;
}

/** In UTC, where each day has each local time once, croner needs no rule for clocks that are changed. */
function parsePattern(cron: string): CronPattern {
  const [minute, hour, ...day] = cron.trim().split(/\s+/);
  const minutes = stepsOf(`${minute} * * * *`, MINUTE_MS, HOUR_MS);
  const hours = stepsOf(`0 ${hour} * * *`, HOUR_MS, DAY_MS);
  const days = parseCron(['0', '0', ...day].join(' '), 'UTC');
  const dayAfter = remembered((after) => days.nextRun(new Date(after))?.getTime() ?? null);
  return {
    minutesOfDay: hours.flatMap((h) => minutes.map((m) => h * 60 + m)),
    isEveryHour: hours.length === 24,
    hasDay: (each) => dayAfter(each - 1000) === each,
    dayAfter,
    dayBefore: (before) => days.previousRuns(1, new Date(before))[0]?.getTime() ?? null,
  };
}

/** Days that are kept of an expression. */
const MOST_DAYS = 1000;

/** Looked up once: each look at a job goes through the days of its whole catch-up window. */
function remembered(find: (day: number) => number | null): (day: number) => number | null {
  const found = new Map<number, number | null>();
  return (day) => {
    const known = found.get(day);
    if (known !== undefined) return known;
    if (found.size >= MOST_DAYS) found.clear();
    const result = find(day);
    found.set(day, result);
    return result;
  };
}

/** Which steps of a span an expression names: minutes of an hour, or hours of a day. */
function stepsOf(expression: string, stepMs: number, spanMs: number): readonly number[] {
  const cron = parseCron(expression, 'UTC');
  const steps: number[] = [];
  let at = cron.nextRun(new Date(-1000));
  while (at !== null && at.getTime() < spanMs) {
    steps.push(at.getTime() / stepMs);
    at = cron.nextRun(at);
  }
  return steps;
}
