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
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant);
  const of = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value);
  const seconds = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return seconds + (((instant.getTime() % 1000) + 1000) % 1000);
}

/**
 * The instant at which the clocks of a zone show a local time: the first of two where they are set back,
 * and the one after the gap where they are set forward.
 */
export function fromLocal(local: number, timeZone: string): Date {
  const candidates = [-26, 0, 26].map((hours) => {
    const near = new Date(local + hours * 60 * MINUTE_MS);
    return local - (toLocal(near, timeZone) - near.getTime());
  });
  const exact = candidates.filter((each) => toLocal(new Date(each), timeZone) === local);
  return new Date(exact.length > 0 ? Math.min(...exact) : Math.max(...candidates));
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
