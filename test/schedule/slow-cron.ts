/**
 * A second, slow way to say when a schedule occurs, made for the tests from the documented rule alone: it
 * looks at what the clocks of a zone show at every minute, and compares that with the expression.
 */

const MINUTE = 60_000;

/** A minute as it passes, and what clocks show then, as if it were UTC. */
export interface ShownMinute {
  readonly instant: number;
  readonly shown: number;
}

export function shownMinutes(timezone: string, from: string, to: string): readonly ShownMinute[] {
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  const minutes: ShownMinute[] = [];
  for (let instant = Date.parse(from); instant <= Date.parse(to); instant += MINUTE)
    minutes.push({ instant, shown: Date.parse(`${clock.format(instant).replace(' ', 'T')}Z`) });
  return minutes;
}

/** The instants among these minutes at which the expression occurs; the first hours are for looking back. */
export function slowOccurrences(cron: string, minutes: readonly ShownMinute[]): number[] {
  const matches = matcherOf(cron);
  const isEveryHour = numbersOf(cron.split(' ')[1] ?? '', 0, 23).size === 24;
  const seen = new Set<number>();
  const occurrences: number[] = [];
  minutes.forEach(({ instant, shown }, index) => {
    const before = minutes[index - 1]?.shown ?? shown - MINUTE;
    let occurs = matches(shown) && (isEveryHour || !seen.has(shown));
    // Clocks were set forward just now: this is the end of the gap.
    if (!isEveryHour)
      for (let skipped = before + MINUTE; skipped < shown; skipped += MINUTE)
        if (matches(skipped)) occurs = true;
    seen.add(shown);
    if (occurs) occurrences.push(instant);
  });
  return occurrences;
}

function matcherOf(cron: string): (shown: number) => boolean {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.split(' ');
  const minutes = numbersOf(minute, 0, 59);
  const hours = numbersOf(hour, 0, 23);
  const days = numbersOf(day, 1, 31);
  const months = numbersOf(month, 1, 12);
  const weekdays = numbersOf(weekday, 0, 6);
  return (shown) => {
    const date = new Date(shown);
    const isDay = days.has(date.getUTCDate());
    const isWeekday = weekdays.has(date.getUTCDay());
    const isOneOfBoth = day !== '*' && weekday !== '*';
    return (
      minutes.has(date.getUTCMinutes()) &&
      hours.has(date.getUTCHours()) &&
      months.has(date.getUTCMonth() + 1) &&
      (isOneOfBoth ? isDay || isWeekday : isDay && isWeekday)
    );
  };
}

/** `*`, numbers, ranges, steps and lists of them. */
function numbersOf(field: string, lowest: number, highest: number): Set<number> {
  const numbers = new Set<number>();
  for (const item of field.split(',')) {
    const [range = '', step = '1'] = item.split('/');
    const [from, to] = range === '*' ? [lowest, highest] : range.split('-').map(Number);
    for (let each = from ?? 0; each <= (to ?? from ?? 0); each += Number(step)) numbers.add(each);
  }
  return numbers;
}
