/**
 * Writing into bytes whose room was made sure of before: no call looks at the end of the buffer. Each returns where
 * the next byte goes. Loading a store spends most of its time here.
 *
 * Buffers, and never plain arrays of bytes: a loop that meets both kinds takes twice as long.
 */

/** Longer pieces are copied by native code: for short ones the call costs more than the loop. */
const SHORT_PIECE = 48;

const ZERO = 48;
const POINT = 46;
const MINUS = 45;

export const POWERS_OF_TEN: readonly number[] = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** `00`, `01` ... `99`, one after the other. */
const PAIRS = Buffer.from(Array.from({ length: 100 }, (_, pair) => String(pair).padStart(2, '0')).join(''));

/** Bytes that {@link putInteger} takes at most. */
export const INTEGER_BYTES = 11;

/** The bytes from `start` to `end` (exclusive) of `source`. */
export function putPiece(bytes: Buffer, at: number, source: Buffer, start: number, end: number): number {
  if (end - start > SHORT_PIECE) {
    bytes.set(source.subarray(start, end), at);
    return at + end - start;
  }
  let next = at;
  for (let index = start; index < end; index++) bytes[next++] = source[index] as number;
  return next;
}

/** A non-negative integer up to 2^31 in decimal digits. */
export function putDecimal(bytes: Buffer, at: number, value: number): number {
  const end = at + digitsOf(value);
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    const next = (rest / 10) | 0;
    bytes[place] = ZERO + (rest - next * 10);
    rest = next;
  }
  return end;
}

/** An integer of 32 bits, with or without sign, in decimal digits. */
export function putInteger(bytes: Buffer, at: number, value: number): number {
  if (value >= 2 ** 31) return putLargeInteger(bytes, at, value);
  if (value >= 0) return putDecimal(bytes, at, value);
  bytes[at] = MINUS;
  return putDecimal(bytes, at + 1, -value);
}

function putLargeInteger(bytes: Buffer, at: number, value: number): number {
  const last = value % 10;
  const end = putDecimal(bytes, at, (value - last) / 10);
  bytes[end] = ZERO + last;
  return end + 1;
}

/**
 * A non-negative integer below 2^31 as a decimal number whose last `decimals` digits stand behind the
 * point, without zeros at its end: `3.0`, `0.05`.
 */
export function putDigits(bytes: Buffer, at: number, value: number, decimals: number): number {
  let rest = value | 0;
  let behind = decimals;
  while (behind > 1 && rest % 10 === 0) {
    rest = (rest / 10) | 0;
    behind--;
  }
  if (behind === 0) {
    const end = putDecimal(bytes, at, rest);
    bytes[end] = POINT;
    bytes[end + 1] = ZERO;
    return end + 2;
  }
  const scale = POWERS_OF_TEN[behind] as number;
  const before = Math.floor(rest / scale) | 0;
  const point = putDecimal(bytes, at, before);
  bytes[point] = POINT;
  return putPadded(bytes, point + 1, (rest - before * scale) | 0, behind);
}

/** A non-negative integer below 2^31 in so many digits, with zeros before it. */
function putPadded(bytes: Buffer, at: number, value: number, digits: number): number {
  let rest = value | 0;
  let place = at + digits;
  for (; place - at >= 2; place -= 2) {
    const next = (rest / 100) | 0;
    const pair = (rest - next * 100) * 2;
    bytes[place - 2] = PAIRS[pair] as number;
    bytes[place - 1] = PAIRS[pair + 1] as number;
    rest = next;
  }
  if (place > at) bytes[at] = ZERO + rest;
  return at + digits;
}

/** Decimal digits of a non-negative integer. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
