import { createHash } from 'node:crypto';
import type { ByteWriter } from '../../byte-writer.ts';

/**
 * The packed layout: one text holds the values of all fields of a key, in order of the fields' bytes. Its
 * first line is the id of the list of fields, which stands elsewhere, once for all keys that have the same
 * fields; then comes one line for each value. Lines are separated by a newline. Inside a value or a field,
 * a newline is written as `\n` and a backslash as `\\`.
 */

/**
 * Hexadecimal digits of an id: the first of the SHA-1 of the list's text, which Lua in Redis can make too.
 * With 64 bits, two of a million lists have the same id with a chance of one in thirty million.
 */
export const LIST_ID_DIGITS = 16;

const NEW_LINE = 10;
const BACKSLASH = 92;
const LETTER_N = 110;

export function listId(list: Uint8Array): string {
  return createHash('sha1').update(list).digest('hex').slice(0, LIST_ID_DIGITS);
}

export function writeLineBreak(writer: ByteWriter): void {
  writer.byte(NEW_LINE);
}

/** The bytes from `start` to `end` (exclusive) as a line. */
export function writeLine(writer: ByteWriter, bytes: Buffer, start: number, end: number): void {
  let plainFrom = start;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== NEW_LINE && byte !== BACKSLASH) continue;
    writer.piece(bytes, plainFrom, at);
    writer.byte(BACKSLASH);
    writer.byte(byte === NEW_LINE ? LETTER_N : BACKSLASH);
    plainFrom = at + 1;
  }
  writer.piece(bytes, plainFrom, end);
}

/** Values in a packed text, as bytes. */
export function countLines(packed: Uint8Array): number {
  let lines = 0;
  for (let at = packed.indexOf(NEW_LINE); at !== -1; at = packed.indexOf(NEW_LINE, at + 1)) lines++;
  return lines;
}

/** The id of the list of fields of a packed text; undefined for a text that is no such thing. */
export function listIdOf(packed: string): string | undefined {
  return /^[0-9a-f]{16}\n/.test(packed) ? packed.slice(0, LIST_ID_DIGITS) : undefined;
}

/** The value at a place that the list of fields gives, from 0; undefined where there are fewer. */
export function valueAt(packed: string, place: number): string | undefined {
  let start = LIST_ID_DIGITS + 1;
  for (let passed = 0; passed < place; passed++) {
    start = packed.indexOf('\n', start) + 1;
    if (start === 0) return undefined;
  }
  const end = packed.indexOf('\n', start);
  return readLine(end === -1 ? packed.slice(start) : packed.slice(start, end));
}

/** All values, in the order of the list of fields. */
export function allValues(packed: string): string[] {
  return packed
    .slice(LIST_ID_DIGITS + 1)
    .split('\n')
    .map(readLine);
}

/** The fields of a list, in its order. */
export function readFieldList(text: string): string[] {
  return text.split('\n').map(readLine);
}

function readLine(line: string): string {
  if (!line.includes('\\')) return line;
  return line.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
