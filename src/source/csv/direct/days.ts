const ZERO = 0x30;
const MINUS = 0x2d;
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** What stands for a day that no calendar has. */
export const NO_DAY = 0x7fff_ffff;

/** Days since 1970 of the day that is written at a place, as in `2026-11-21`; {@link NO_DAY} where none is. */
export function dayAt(bytes: Uint8Array, at: number): number {
  if (bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS || bytes[at] === ZERO) return NO_DAY;
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  const isOf = year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
  return isOf ? daysSince1970(year, month, day) : NO_DAY;
}

/** The number that two digits make; a negative one where they are not both digits. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? -1_000_000 : tens * 10 + ones;
}

function daysOf(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return (DAYS_OF_MONTH[month - 1] as number) + (month === 2 && isLeap ? 1 : 0);
}

/** Of the Gregorian calendar, whose years begin in March here: leap days are then their last ones. */
function daysSince1970(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const era = Math.floor(years / 400);
  const yearOfEra = years - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leaps + dayOfYear - 719_468;
}
