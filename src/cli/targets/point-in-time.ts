import { durationSeconds } from '../../config/fields/duration.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { parseInstant } from '../../core/zoned-time.ts';

/** The instant that a flag means: so long before now (`7d`), or a date or time in UTC. Throws `USAGE`. */
export function pointInTime(text: string, flag: string, now: Date): Date {
  // Without a unit it would be seconds, which nobody means here: more likely a year.
  const seconds = /\d$/.test(text) ? undefined : durationSeconds(text);
  const instant =
    seconds === undefined ? parseInstant(text, 'UTC') : new Date(now.getTime() - seconds * 1000);
  if (instant !== undefined && !Number.isNaN(instant.getTime())) return instant;
  throw new ServeBatchError(
    'USAGE',
    `${flag} is "${text}"; expected how long ago, or a date or time in UTC. Write for example 7d, 36h, 2026-11-01 or 2026-11-01T06:00Z.`,
  );
}
