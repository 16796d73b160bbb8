import { ENDS } from './cell-format.ts';
import type { ColumnValues } from './parquet/column-values.ts';
import { putNull, putText } from './parquet/put-value.ts';
import { ODD } from './read-cell.ts';

const NOTHING = ENDS.nothing;
const ODD_END = ENDS.odd;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HASH_FACTOR = 0x0100_0193;

/** Reads a text without quotes into its column; says where it ends, or {@link ODD}. The empty text is null. */
export function readBareText(column: ColumnValues, ends: Uint8Array, bytes: Uint8Array, at: number): number {
  let hash = 0;
  let end = at;
  let byte = bytes[at] as number;
  while (ends[byte] === NOTHING) {
    hash = Math.imul(hash ^ byte, HASH_FACTOR);
    byte = bytes[++end] as number;
  }
  if (ends[byte] === ODD_END) return ODD;
  if (end === at) putNull(column);
  else putText(column, bytes, at, end, hash);
  return end;
}

/** A text without its quotes. No line is longer. */
const bare = new Uint8Array(1 << 20);

/** As {@link readBareText}, from behind a quote; it ends behind the quote that closes it. */
export function readQuotedText(column: ColumnValues, quote: number, bytes: Uint8Array, from: number): number {
  let length = 0;
  let hash = 0;
  for (let at = from; ; at++) {
    const byte = bytes[at] as number;
    if (byte === quote && bytes[++at] !== quote) {
      if (length === 0) putNull(column);
      else putText(column, bare, 0, length, hash);
      return at;
    }
    if (byte === 0 || byte === LINE_FEED || byte === CARRIAGE_RETURN) return ODD;
    bare[length++] = byte;
    hash = Math.imul(hash ^ byte, HASH_FACTOR);
  }
}

/** The hash that the readers find on their way over a text. */
export function hashOf(text: Uint8Array): number {
  let hash = 0;
  for (const byte of text) hash = Math.imul(hash ^ byte, HASH_FACTOR);
  return hash;
}
