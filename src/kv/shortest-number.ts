import { POWERS_OF_TEN, putDigits } from './put-bytes.ts';

/** Decimals that every float32 is told apart by: FLT_DIG of C. */
const SAFE_DIGITS = 6;
/** Digits after which every float32 reads back as itself: FLT_DECIMAL_DIG of C. */
const ENOUGH_DIGITS = 9;
/** A decimal this near (relative) to the middle between two float32 is not trusted: it was rounded to a double. */
const DOUBT = 2 ** -51;

const FRACTION_BITS = 23;
const FRACTION_MASK = 2 ** FRACTION_BITS - 1;
const EXPONENT_BIAS = 127;
/** Half of what lies between a float32 and the next larger one, by the bits of its exponent. */
const HALF_GAPS = Float64Array.from(
  { length: 256 },
  (_, exponent) => 2 ** (exponent - EXPONENT_BIAS - FRACTION_BITS - 1),
);
/** Digits before the point of the power of two that has an exponent. Zero or negative for numbers below 1: 0.05 has -1. */
const DIGITS_BEFORE_POINT = Int32Array.from(
  { length: 256 },
  (_, exponent) => 1 + Math.floor((exponent - EXPONENT_BIAS) * Math.LOG10E * Math.LN2),
);
/** 10 to the power of -10 to 10, from place 0. */
const POWERS_AROUND_ONE = Float64Array.from({ length: 21 }, (_, place) => Number(`1e${place - 10}`));

const SINGLE = new Float32Array(1);
const SINGLE_BITS = new Uint32Array(SINGLE.buffer);

/** Bytes that a number takes at most: `-1.7976931348623157e+308`. */
export const NUMBER_BYTES = 24;

/**
 * Writes a finite float32 of a column as the shortest decimal that reads back as the same float32, `14.964146`, `3.0`,
 * and returns where the next byte goes. It gets the column: a number handed to a function as large as this one is put
 * into an object first.
 *
 * Of six digits and more, the first rounding of the number that gives it back is the shortest, since any
 * decimal of up to six digits survives the way to float32 and back. A decimal in the middle between two
 * float32 is not used: readers might take the other one. Numbers that are very large or small are left to
 * the runtime.
 */
export function putFloat32(bytes: Buffer, at: number, column: ArrayLike<number>, row: number): number {
  const value = column[row] as number;
  const size = Math.abs(value);
  if (!(size >= 1e-3 && size < 1e7)) return putAscii(bytes, at, rareFloat32(value));
  SINGLE[0] = size;
  const bits = SINGLE_BITS[0] as number;
  const exponent = bits >>> FRACTION_BITS;
  const least = DIGITS_BEFORE_POINT[exponent] as number;
  const before = size >= (POWERS_AROUND_ONE[least + 10] as number) ? least + 1 : least;
  const gap = HALF_GAPS[exponent] as number;
  const gapBelow = (bits & FRACTION_MASK) === 0 ? gap / 2 : gap;
  for (let decimals = Math.max(SAFE_DIGITS - before, 0); decimals <= ENOUGH_DIGITS - before; decimals++) {
    const scale = POWERS_OF_TEN[decimals] as number;
    // Exact, all of it: 24 bits times the 26 of 5 ** 11. And not Math.round, which takes ten times as long.
    const scaled = size * scale;
    const digits = Math.floor(scaled + 0.5);
    const off = digits - scaled;
    if (off >= gap * scale || -off >= gapBelow * scale) continue;
    if (value > 0) return putDigits(bytes, at, digits, decimals);
    bytes[at] = MINUS;
    return putDigits(bytes, at + 1, digits, decimals);
  }
  return putAscii(bytes, at, rareFloat32(value));
}

/** The same of a finite float64. */
export function putFloat64(bytes: Buffer, at: number, column: ArrayLike<number>, row: number): number {
  const value = column[row] as number;
  return putAscii(bytes, at, withPoint(Object.is(value, -0) ? '-0' : String(value)));
}

/** A text of ASCII. */
export function putAscii(bytes: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

const MINUS = 45;

function isFloat32(decimal: number, float32: number): boolean {
  return (
    Math.fround(decimal) === float32 &&
    Math.fround(decimal * (1 + DOUBT)) === float32 &&
    Math.fround(decimal * (1 - DOUBT)) === float32
  );
}

function rareFloat32(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  for (let digits = 1; digits < ENOUGH_DIGITS; digits++) {
    const text = value.toPrecision(digits);
    if (isFloat32(Number(text), value)) return withPoint(String(Number(text)));
  }
  return withPoint(String(Number(value.toPrecision(ENOUGH_DIGITS))));
}

function withPoint(text: string): string {
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
