import { carefulValue } from './careful-value.ts';
import { type CellFormat, DIGITS_OF_INT32, ENDS } from './cell-format.ts';
import { dayAt, NO_DAY, twoDigits } from './days.ts';
import type { ColumnValues } from './parquet/column-values.ts';
import { putNull, putWords } from './parquet/put-value.ts';

/*
 * Each reads a cell that begins at a place into the values of its column, and says where it ends; ODD: it is not
 * plain. What the most frequent ways to write a value are is read at once; of all others the automaton of plain
 * cells has the say. Functions rather than methods, since they are called for each of a hundred million cells.
 */

/** What a reader says where a cell is not plain. */
export const ODD = -1;

const NOTHING = ENDS.nothing;
const ZERO = 0x30;
const MINUS = 0x2d;
const COLON = 0x3a;
const BLANK = 0x20;
const INT32_VALUES = 4_294_967_296;
const EXACT_INTEGERS = 9_007_199_254_740_992;
/** Powers of ten that a DOUBLE holds exactly: a quotient of two exact numbers is rounded once, as it should be. */
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
/** Days from 1970 whose microseconds a DOUBLE counts exactly. */
const MOST_QUICK_DAYS = 100_000;
const DAY_BYTES = 10;
const INSTANT_BYTES = 19;

const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);

export function readInteger(column: ColumnValues, format: CellFormat, bytes: Uint8Array, at: number): number {
  const isNegative = bytes[at] === MINUS;
  const first = isNegative ? at + 1 : at;
  let end = first;
  let value = (bytes[end] as number) - ZERO;
  if (value >>> 0 > 9) return readCarefully(column, format, bytes, at);
  for (;;) {
    const digit = (bytes[++end] as number) - ZERO;
    if (digit >>> 0 > 9) break;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  const digits = end - first;
  // No zero before other digits, and no -0.
  const isPlain = bytes[first] !== ZERO || (digits === 1 && !isNegative);
  if (!isPlain || format.ends[bytes[end] as number] === NOTHING) return ODD;
  if (digits > DIGITS_OF_INT32 || digits > format.mostDigits)
    return readLongInteger(column, format, bytes, at, first, end);
  const low = isNegative ? -value : value;
  putWords(column, low, low >> 31);
  return end;
}

function readLongInteger(
  column: ColumnValues,
  format: CellFormat,
  bytes: Uint8Array,
  at: number,
  first: number,
  end: number,
): number {
  if (end - first > format.mostDigits) return readCarefully(column, format, bytes, at);
  let value = 0;
  for (let place = first; place < end; place++) value = value * 10 + (bytes[place] as number) - ZERO;
  putInteger(column, bytes[at] === MINUS ? -value : value);
  return end;
}

function putInteger(column: ColumnValues, value: number): void {
  const high = Math.floor(value / INT32_VALUES);
  putWords(column, (value - high * INT32_VALUES) | 0, high);
}

export function readNumber(column: ColumnValues, format: CellFormat, bytes: Uint8Array, at: number): number {
  const isNegative = bytes[at] === MINUS;
  const first = isNegative ? at + 1 : at;
  let end = first;
  // In 32 bits as far as they reach, since that is quicker.
  let mantissa = 0;
  let digit = (bytes[end] as number) - ZERO;
  while (digit >>> 0 <= 9) {
    mantissa = (Math.imul(mantissa, 10) + digit) | 0;
    digit = (bytes[++end] as number) - ZERO;
  }
  const whole = end - first;
  let value = mantissa;
  if (bytes[end] === format.point) {
    const fraction = ++end;
    const shortEnd = fraction + DIGITS_OF_INT32 - whole;
    digit = (bytes[end] as number) - ZERO;
    while (end < shortEnd && digit >>> 0 <= 9) {
      mantissa = (Math.imul(mantissa, 10) + digit) | 0;
      digit = (bytes[++end] as number) - ZERO;
    }
    value = mantissa;
    while (digit >>> 0 <= 9) {
      value = value * 10 + digit;
      digit = (bytes[++end] as number) - ZERO;
    }
    if (end - fraction >= POWERS.length || value >= EXACT_INTEGERS)
      return readCarefully(column, format, bytes, at);
    value /= POWERS[end - fraction] as number;
  }
  const isLed = bytes[first] === ZERO && whole > 1;
  if (isLed || whole === 0 || whole > DIGITS_OF_INT32 || format.ends[bytes[end] as number] === NOTHING)
    return readCarefully(column, format, bytes, at);
  putDouble(column, isNegative ? -value : value);
  return end;
}

function putDouble(column: ColumnValues, value: number): void {
  double[0] = value;
  putWords(column, doubleWords[0] as number, doubleWords[1] as number);
}

export function readDay(column: ColumnValues, format: CellFormat, bytes: Uint8Array, at: number): number {
  const days = dayAt(bytes, at);
  const end = at + DAY_BYTES;
  if (days === NO_DAY || format.ends[bytes[end] as number] === NOTHING)
    return readCarefully(column, format, bytes, at);
  putWords(column, days, 0);
  return end;
}

/** `2026-11-21 10:30:00` at once. */
export function readInstant(column: ColumnValues, format: CellFormat, bytes: Uint8Array, at: number): number {
  const end = at + INSTANT_BYTES;
  const hours = twoDigits(bytes, at + 11);
  const minutes = twoDigits(bytes, at + 14);
  const seconds = twoDigits(bytes, at + 17);
  const isWritten = bytes[at + 10] === BLANK && bytes[at + 13] === COLON && bytes[at + 16] === COLON;
  const isClock = hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60;
  const days = isWritten && isClock ? dayAt(bytes, at) : NO_DAY;
  if (Math.abs(days) > MOST_QUICK_DAYS || format.ends[bytes[end] as number] === NOTHING)
    return readCarefully(column, format, bytes, at);
  putInteger(column, (days * 86_400 + hours * 3_600 + minutes * 60 + seconds) * 1_000_000);
  return end;
}

export function readCarefully(
  column: ColumnValues,
  format: CellFormat,
  bytes: Uint8Array,
  at: number,
): number {
  let end = at;
  while (format.ends[bytes[end] as number] === NOTHING) end++;
  if (end === at) {
    putNull(column);
    return at;
  }
  if (format.check?.takes(bytes, at, end) !== true) return ODD;
  const value = carefulValue(format.type, bytes, at, end);
  if (value === null) return ODD;
  putWords(column, value.low, value.high);
  return end;
}
