import { type ErrorCode, ServeBatchError } from '../../core/errors.ts';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

export const DURATION_PATTERN = /^[1-9][0-9]*[smhdw]?$/;
export const DURATION_EXPECTED =
  'a whole number of seconds, or one with a unit (s, m, h, d, w). Write for example 14d or 36h.';

/** Seconds of `14d`, `36h`, `90` or 90; undefined for anything else, zero included. */
export function durationSeconds(value: string | number): number | undefined {
  const text = String(value);
  if (!DURATION_PATTERN.test(text)) return undefined;
  const unit = /[smhdw]$/.exec(text)?.[0] as keyof typeof SECONDS | undefined;
  const seconds = Number.parseInt(text, 10) * (unit === undefined ? 1 : SECONDS[unit]);
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

export function isDuration(value: string | number): boolean {
  return durationSeconds(value) !== undefined;
}

/** Seconds of a duration. Throws `code`, naming `where` (a field or a flag), for anything else. */
export function parseDuration(value: string | number, where: string, code: ErrorCode = 'JOB_FILE'): number {
  const seconds = durationSeconds(value);
  if (seconds !== undefined) return seconds;
  throw new ServeBatchError(code, `${where} is ${JSON.stringify(value)}; expected ${DURATION_EXPECTED}`);
}

/** `36h`, in the largest unit that divides it. */
export function formatDuration(seconds: number): string {
  const units = Object.entries(SECONDS).reverse();
  const [unit, size] = units.find(([, each]) => seconds % each === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}
