import { type ByteWriter, POWERS_OF_TEN } from './byte-writer.ts';

/** Decimals that every float32 is told apart by: FLT_DIG of C. */
const SAFE_DIGITS = 6;
/** Digits after which every float32 reads back as itself: FLT_DECIMAL_DIG of C. */
const ENOUGH_DIGITS = 9;
/** A decimal this near (relative) to the middle between two float32 is not trusted: it was rounded to a double. */
const DOUBT = 2 ** -51;

/**
 * Writes a finite float32 as the shortest decimal that reads back as the same float32: `14.964146`, `3.0`.
 *
 * Of six digits and more, the first rounding of the number that gives it back is the shortest, since any
 * decimal of up to six digits survives the way to float32 and back. A decimal in the middle between two
 * float32 is not used: readers might take the other one. Numbers that are very large or small are left to
 * the runtime.
 */
export function writeFloat32(writer: ByteWriter, value: number): void {
  const size = Math.abs(value);
  if (!(size >= 1e-3 && size < 1e7)) {
    writer.text(rareFloat32(value));
    return;
  }
  const first = SAFE_DIGITS - digitsBeforePoint(size);
  for (let decimals = Math.max(first, 0); decimals <= first + ENOUGH_DIGITS - SAFE_DIGITS; decimals++) {
    const scale = POWERS_OF_TEN[decimals] as number;
    const digits = Math.round(size * scale);
    if (!isFloat32(digits / scale, size)) continue;
    if (value < 0) writer.byte(MINUS);
    writer.digits(digits, decimals);
    return;
  }
  writer.text(rareFloat32(value));
}

/** Writes a finite float64 as the shortest decimal that reads back as the same float64. */
export function writeFloat64(writer: ByteWriter, value: number): void {
  writer.text(withPoint(Object.is(value, -0) ? '-0' : String(value)));
}

const MINUS = 45;

/** Zero or negative for numbers below 1: 0.05 has -1. */
function digitsBeforePoint(size: number): number {
  if (size >= 1) {
    let digits = 1;
    while (size >= (POWERS_OF_TEN[digits] as number)) digits++;
    return digits;
  }
  return size >= 0.1 ? 0 : size >= 0.01 ? -1 : -2;
}

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
