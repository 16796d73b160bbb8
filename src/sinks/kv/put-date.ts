import { putInteger } from '../../kv/put-bytes.ts';
import { putAscii } from '../../kv/shortest-number.ts';

/** Bytes of the longest: `5877642-06-25 (BC)`. */
export const DATE_BYTES = 18;

/** What DuckDB keeps for `infinity`; its negative for `-infinity`. */
const INFINITE = 2_147_483_647;
const ZERO = 48;
const HYPHEN = 45;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH = 719_468;
/** In 400 years. */
const DAYS_OF_ERA = 146_097;

/** A date as DuckDB writes it, `2026-11-21`, by its days since 1970. Returns where the next byte goes. */
export function putDate(bytes: Buffer, at: number, days: number): number {
  if (Math.abs(days) === INFINITE) return putAscii(bytes, at, days > 0 ? 'infinity' : '-infinity');
  const { year, month, day } = civilDate(days);
  let end = putYear(bytes, at, year > 0 ? year : 1 - year);
  bytes[end++] = HYPHEN;
  end = putTwo(bytes, end, month);
  bytes[end++] = HYPHEN;
  end = putTwo(bytes, end, day);
  return year > 0 ? end : putAscii(bytes, end, ' (BC)');
}

function putYear(bytes: Buffer, at: number, year: number): number {
  if (year > 9999) return putInteger(bytes, at, year);
  return putTwo(bytes, putTwo(bytes, at, Math.floor(year / 100)), year % 100);
}

function putTwo(bytes: Buffer, at: number, value: number): number {
  bytes[at] = ZERO + Math.floor(value / 10);
  bytes[at + 1] = ZERO + (value % 10);
  return at + 2;
}

/** `civil_from_days` of Howard Hinnant (howardhinnant.github.io/date_algorithms.html): years begin in March. */
function civilDate(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + EPOCH;
  const era = Math.floor(shifted / DAYS_OF_ERA);
  const dayOfEra = shifted - era * DAYS_OF_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
  };
}
