/**
 * Wall-clock time of a time zone. A local time is held as milliseconds as if it were UTC: days can then be
 * added to it as a calendar does, whatever the zone's clock changes.
 */

const MINUTE_MS = 60_000;

/** Whether a name is an IANA time zone that this Node knows, such as `Europe/Stockholm` or `UTC`. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** What the clocks of a zone show at an instant. */
export function toLocal(instant: Date, timeZone: string): number {
  const parts = clockOf(timeZone).formatToParts(instant);
  const of = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value);
  const seconds = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return seconds + (((instant.getTime() % 1000) + 1000) % 1000);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Made once for each zone: making one takes longer than a thousand uses. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(timeZone, clock);
  return clock;
}

/** No zone is farther from UTC than this, and it leaves room for a clock change. */
const FARTHEST_MS = 26 * 3_600_000;

/**
 * The one instant that stands for a local time: the first of two where clocks are set back, and the end of
 * the gap where they are set forward. Schedules and users' times follow the same rule.
 */
export function fromLocal(local: number, timeZone: string): Date {
  return new Date(instantOf(local, clockPeriods(local - FARTHEST_MS, local + FARTHEST_MS, timeZone)));
}

/** A time during which the clocks of a zone are not changed. Milliseconds. */
export interface ClockPeriod {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** Local time less UTC. */
  readonly offset: number;
}

const STEP_MS = 86_400_000;

/** Divides the time from one instant to another (exclusive) where clocks are changed: once a day at most. */
export function clockPeriods(from: number, to: number, timeZone: string): readonly ClockPeriod[] {
  const offsetAt = (instant: number): number => toLocal(new Date(instant), timeZone) - instant;
  const periods: ClockPeriod[] = [];
  let start = from;
  let offset = offsetAt(from);
  for (let at = from; at < to; at += STEP_MS) {
    const next = Math.min(at + STEP_MS, to);
    const nextOffset = offsetAt(next);
    if (nextOffset === offset) continue;
    const change = firstInstant(at, next, (each) => offsetAt(each) === nextOffset);
    periods.push({ from: start, to: change, offset });
    start = change;
    offset = nextOffset;
  }
  return [...periods, { from: start, to, offset }];
}

/** The first instant after `no` that is as wanted; `yes` is. */
function firstInstant(no: number, yes: number, isWanted: (instant: number) => boolean): number {
  let [before, after] = [no, yes];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (isWanted(middle)) after = middle;
    else before = middle;
  }
  return after;
}

/** The instants in these periods at which clocks show a local time, oldest first: one, two or none. */
export function instantsOf(local: number, periods: readonly ClockPeriod[]): readonly number[] {
  return periods.flatMap(({ from, to, offset }) => {
    const instant = local - offset;
    return from <= instant && instant < to ? [instant] : [];
  });
}

/** The instant that stands for a local time within these periods: see {@link fromLocal}. */
export function instantOf(local: number, periods: readonly ClockPeriod[]): number {
  const [first] = instantsOf(local, periods);
  if (first !== undefined) return first;
  const afterGap = periods.find(({ from, offset }) => from + offset > local);
  return afterGap?.from ?? Number.NaN;
}

/** `2026-11-21T02:30:00`, without a zone. */
export function localText(local: number): string {
  return new Date(local).toISOString().slice(0, 19);
}

/** `2026-11-21`. */
export function localDate(local: number): string {
  return new Date(local).toISOString().slice(0, 10);
}

/** `2026-11-21`, `2026-11-21T02:30` or `2026-11-21 02:30:00` as a local time; undefined for anything else. */
export function parseLocal(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?)?$/.exec(text.trim());
  if (match === null) return undefined;
  const iso = `${match[1]}T${match[2] ?? '00:00'}${match[3] ?? ':00'}`;
  const local = Date.parse(`${iso}Z`);
  return Number.isNaN(local) || localText(local) !== iso ? undefined : local;
}

/**
 * An instant as users write it: with `Z` or an offset it is that instant, without one it is local time of
 * the zone. Undefined for anything else.
 */
export function parseInstant(text: string, timeZone: string): Date | undefined {
  const local = parseLocal(text);
  if (local !== undefined) return fromLocal(local, timeZone);
  const match = /^(.+?)(Z|[+-]\d{2}:?\d{2})$/i.exec(text.trim());
  const written = match?.[1] === undefined ? undefined : parseLocal(match[1].replace(/\.\d+$/, ''));
  if (match === null || written === undefined) return undefined;
  return new Date(written - offsetMs(match[2] ?? 'Z') + fractionMs(match[1] ?? ''));
}

function offsetMs(text: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(text);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * MINUTE_MS;
}

function fractionMs(text: string): number {
  const fraction = /\.(\d+)$/.exec(text)?.[1];
  return fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0'));
}
