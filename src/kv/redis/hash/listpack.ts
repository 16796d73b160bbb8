import { putPiece } from '../../put-bytes.ts';

/**
 * Listpacks: how Redis 7 and later keep a small hash, a field, its value, the next field, and so on
 * (github.com/redis/redis/blob/7.0/src/listpack.c). Entries are written here just as Redis writes them: a text that is an
 * integer as one, and other texts as they are.
 *
 *     bytes in all (4) · entries (2) · entry, entry ... · 255
 *     an entry: kind and size · the text or integer · bytes of both, for the way back
 */

/** Longest text that {@link putEntry} takes: its size stands in one byte, and so does that of the whole entry. */
export const ENTRY_TEXT_BYTES = 63;
/** Of an entry beside its text, at most. */
export const ENTRY_OVERHEAD = 2;
export const HEADER_BYTES = 6;
const END = 255;

/** Digits of an integer that a double holds exactly. Longer ones make the whole hash one for HSET. */
const EXACT_DIGITS = 15;
const LONGEST_INTEGER = 20;

const TEXT = 0x80;
const INTEGER_13 = 0xc0;
const INTEGER_16 = 0xf1;
const INTEGER_24 = 0xf2;
const INTEGER_32 = 0xf3;
const INTEGER_64 = 0xf4;

const ZERO = 48;
const NINE = 57;
const MINUS = 45;

/** Whether {@link putEntry} takes the bytes from `start` to `end` (exclusive): longer texts and integers are left to Redis. */
export function isEntry(source: Buffer, start: number, end: number): boolean {
  const size = end - start;
  if (size <= EXACT_DIGITS) return true;
  return size <= ENTRY_TEXT_BYTES && (size > LONGEST_INTEGER || !isInteger(source, start, end));
}

/** Writes the bytes from `start` to `end` (exclusive) as an entry, and returns where the next byte goes. */
export function putEntry(bytes: Buffer, at: number, source: Buffer, start: number, end: number): number {
  const size = end - start;
  if (size <= EXACT_DIGITS && isInteger(source, start, end))
    return putIntegerEntry(bytes, at, integerOf(source, start, end));
  bytes[at] = TEXT | size;
  const next = putPiece(bytes, at + 1, source, start, end);
  bytes[next] = size + 1;
  return next + 1;
}

/** Writes header and end around entries that stand behind {@link HEADER_BYTES} from `start` on, up to `end`. */
export function closeListpack(bytes: Buffer, start: number, end: number, entries: number): number {
  bytes[end] = END;
  const size = end + 1 - start;
  putLow(bytes, putLow(bytes, start, size, 4), entries, 2);
  return end + 1;
}

/** As Redis reads integers: no sign but a minus, no zeros before it. */
function isInteger(source: Buffer, start: number, end: number): boolean {
  const isNegative = source[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (first >= end) return false;
  // A zero is one alone, and has no sign.
  if (source[first] === ZERO) return end - start === 1;
  for (let at = first; at < end; at++) {
    const byte = source[at] as number;
    if (byte < ZERO || byte > NINE) return false;
  }
  return true;
}

function integerOf(source: Buffer, start: number, end: number): number {
  const isNegative = source[start] === MINUS;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++)
    value = value * 10 + (source[at] as number) - ZERO;
  return isNegative ? -value : value;
}

function putIntegerEntry(bytes: Buffer, at: number, value: number): number {
  if (value >= 0 && value < 128) return closeEntry(bytes, at, putLow(bytes, at, value, 1));
  if (value >= -4096 && value < 4096) {
    bytes[at] = INTEGER_13 | ((value >> 8) & 31);
    bytes[at + 1] = value;
    return closeEntry(bytes, at, at + 2);
  }
  const [kind, size] = kindOf(value);
  bytes[at] = kind;
  return closeEntry(bytes, at, putLow(bytes, at + 1, value, size));
}

function kindOf(value: number): readonly [kind: number, bytes: number] {
  if (value >= -(2 ** 15) && value < 2 ** 15) return [INTEGER_16, 2];
  if (value >= -(2 ** 23) && value < 2 ** 23) return [INTEGER_24, 3];
  if (value >= -(2 ** 31) && value < 2 ** 31) return [INTEGER_32, 4];
  return [INTEGER_64, 8];
}

function closeEntry(bytes: Buffer, start: number, end: number): number {
  bytes[end] = end - start;
  return end + 1;
}

/** The two's complement of an integer in so many bytes, lowest first. */
function putLow(bytes: Buffer, at: number, value: number, size: number): number {
  let rest = value;
  for (let index = 0; index < size; index++) {
    const next = Math.floor(rest / 256);
    bytes[at + index] = rest - next * 256;
    rest = next;
  }
  return at + size;
}

/** The texts of a listpack, in order: an integer as its digits. Of one that {@link putEntry} has filled. */
export function readListpack(bytes: Buffer): readonly Buffer[] {
  const texts: Buffer[] = [];
  for (let at = HEADER_BYTES; bytes[at] !== END; ) {
    const { text, end } = readEntry(bytes, at);
    texts.push(text);
    at = end + 1;
  }
  return texts;
}

function readEntry(bytes: Buffer, at: number): { readonly text: Buffer; readonly end: number } {
  const kind = bytes[at] as number;
  if ((kind & 0xc0) === TEXT) {
    const end = at + 1 + (kind & 63);
    return { text: bytes.subarray(at + 1, end), end };
  }
  const { value, end } = readInteger(bytes, at, kind);
  return { text: Buffer.from(String(value)), end };
}

function readInteger(
  bytes: Buffer,
  at: number,
  kind: number,
): { readonly value: number | bigint; readonly end: number } {
  if (kind < 128) return { value: kind, end: at + 1 };
  if (kind === INTEGER_64) return { value: bytes.readBigInt64LE(at + 1), end: at + 9 };
  if (kind >= INTEGER_16) {
    const size = kind - INTEGER_16 + 2;
    return { value: bytes.readIntLE(at + 1, size), end: at + 1 + size };
  }
  const thirteen = ((kind & 31) << 8) | (bytes[at + 1] as number);
  return { value: thirteen >= 4096 ? thirteen - 8192 : thirteen, end: at + 2 };
}
