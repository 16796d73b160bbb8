/** Minutes since 1970. */
export type Minute = number;

/** `2026-03-29` and `02:15`, as the clocks of a zone show an instant. */
export interface LocalTime {
  readonly date: string;
  readonly time: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What clocks show, from the tables of the runtime: the program's own arithmetic has no part in it. */
export function localTime(zone: string, minute: Minute): LocalTime {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  formats.set(zone, format);
  const [date = '', time = ''] = format.format(minute * 60_000).split(' ');
  return { date, time };
}

/** The instants of a year at which the clocks of a zone change. */
export function clockChanges(zone: string, year: number): readonly Minute[] {
  const first = Date.UTC(year, 0, 1) / 60_000;
  const changes: Minute[] = [];
  for (let hour = 1; hour < 366 * 24; hour++) {
    const [before, after] = [first + (hour - 1) * 60, first + hour * 60];
    if (offset(zone, before) === offset(zone, after)) continue;
    for (let minute = before + 1; minute <= after; minute++)
      if (offset(zone, minute) !== offset(zone, minute - 1)) changes.push(minute);
  }
  return changes;
}

/** Minutes that local time is ahead of UTC. */
export function offset(zone: string, minute: Minute): number {
  const { date, time } = localTime(zone, minute);
  return Date.parse(`${date}T${time}:00Z`) / 60_000 - minute;
}

/**
 * When a schedule of one time a day occurs between two instants, as docs/schedule.md says: once for each date on
 * which clocks show it, the first time; where they skip it, at the end of the gap.
 */
export function dailyOccurrences(zone: string, wanted: string, from: Minute, to: Minute): readonly Minute[] {
  const start = from - 2 * 1440;
  // Of the first date only a part is seen.
  const cut = localTime(zone, start).date;
  const found = new Map<string, Minute>();
  for (let minute = start; minute <= to; minute++) {
    const { date, time } = localTime(zone, minute);
    if (date !== cut && time >= wanted && !found.has(date)) found.set(date, minute);
  }
  return [...found.values()].filter((minute) => minute >= from && minute <= to);
}
