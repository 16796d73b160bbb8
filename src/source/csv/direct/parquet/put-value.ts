import { type ColumnValues, LENGTH_BYTES, WORDS } from './column-values.ts';
import { GROUP_ROWS, MOST_ENTRIES, SLOTS } from './group-size.ts';

const NONE = -1;
/** Longer texts are copied by a call. */
const SHORT_TEXT = 32;

export function putNull(column: ColumnValues): void {
  const row = column.count + column.nulls;
  if (column.nulls++ === 0) {
    if (column.definedBits.length === 0) column.definedBits = new Uint8Array(GROUP_ROWS / 8);
    column.definedBits.fill(0xff);
  }
  column.definedBits[row >> 3] = (column.definedBits[row >> 3] as number) & ~(1 << (row & 7));
}

/** A value of any type but text, by its bits. */
export function putWords(column: ColumnValues, low: number, high: number): void {
  if (!column.isDictionary) putPlain(column, low, high);
  else if (low === column.lastLow && high === column.lastHigh && column.lastIndex !== NONE)
    column.indices[column.count++] = column.lastIndex;
  else putEntry(column, low, high);
}

function putPlain(column: ColumnValues, low: number, high: number): void {
  const at = column.count++ * WORDS;
  column.plainWords[at] = low;
  column.plainWords[at + 1] = high;
}

function putEntry(column: ColumnValues, low: number, high: number): void {
  const index = entryOf(column, low, high);
  if (index === NONE) {
    leaveDictionary(column);
    putPlain(column, low, high);
    return;
  }
  column.lastLow = low;
  column.lastHigh = high;
  column.lastIndex = index;
  column.indices[column.count++] = index;
}

/** {@link NONE}: the dictionary is full. */
function entryOf(column: ColumnValues, low: number, high: number): number {
  const { slots, entryWords } = column;
  const mixed = Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1);
  let slot = (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
  for (;;) {
    const index = (slots[slot] as number) - 1;
    if (index === NONE) break;
    if (entryWords[index * WORDS] === low && entryWords[index * WORDS + 1] === high) return index;
    slot = (slot + 1) & (SLOTS - 1);
  }
  if (column.entries === MOST_ENTRIES) return NONE;
  const index = column.entries++;
  slots[slot] = index + 1;
  entryWords[index * WORDS] = low;
  entryWords[index * WORDS + 1] = high;
  return index;
}

function leaveDictionary(column: ColumnValues): void {
  const { count, indices, entryWords } = column;
  if (column.plainWords.length === 0) column.plainWords = new Int32Array(GROUP_ROWS * WORDS);
  for (let row = 0; row < count; row++) {
    const index = indices[row] as number;
    column.plainWords[row * WORDS] = entryWords[index * WORDS] as number;
    column.plainWords[row * WORDS + 1] = entryWords[index * WORDS + 1] as number;
  }
  column.isDictionary = false;
}

/** Bytes `from` to `to`, and a hash of them. */
export function putText(
  column: ColumnValues,
  bytes: Uint8Array,
  from: number,
  to: number,
  hash: number,
): void {
  if (column.isDictionary) {
    const index = textEntryOf(column, bytes, from, to, hash);
    if (index !== NONE) {
      column.indices[column.count++] = index;
      return;
    }
    leaveTextDictionary(column);
  }
  appendText(column, bytes, from, to);
  column.count++;
}

function textEntryOf(
  column: ColumnValues,
  bytes: Uint8Array,
  from: number,
  to: number,
  hash: number,
): number {
  const { slots } = column;
  let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  for (;;) {
    const index = (slots[slot] as number) - 1;
    if (index === NONE) break;
    if (isEqual(column, index, bytes, from, to)) return index;
    slot = (slot + 1) & (SLOTS - 1);
  }
  if (column.entries === MOST_ENTRIES) return NONE;
  const index = column.entries++;
  slots[slot] = index + 1;
  column.starts[index] = column.textBytes;
  appendText(column, bytes, from, to);
  column.starts[index + 1] = column.textBytes;
  return index;
}

function isEqual(
  { texts, starts }: ColumnValues,
  index: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): boolean {
  const start = (starts[index] as number) + LENGTH_BYTES;
  if ((starts[index + 1] as number) - start !== to - from) return false;
  for (let at = from; at < to; at++) if (texts[start + at - from] !== bytes[at]) return false;
  return true;
}

function appendText(column: ColumnValues, bytes: Uint8Array, from: number, to: number): void {
  const length = to - from;
  let at = column.textBytes;
  const end = at + LENGTH_BYTES + length;
  if (end > column.texts.length) growTexts(column, end);
  const { texts } = column;
  for (let shift = 0; shift < 32; shift += 8) texts[at++] = length >>> shift;
  if (length < SHORT_TEXT) for (let each = from; each < to; each++) texts[at++] = bytes[each] as number;
  else texts.set(bytes.subarray(from, to), at);
  column.textBytes = end;
}

function growTexts(column: ColumnValues, least: number): void {
  const grown = new Uint8Array(Math.max(least, 2 * column.texts.length));
  grown.set(column.texts.subarray(0, column.textBytes));
  column.texts = grown;
}

function leaveTextDictionary(column: ColumnValues): void {
  const { starts, indices, count } = column;
  const dictionary = column.texts.slice(0, column.textBytes);
  column.textBytes = 0;
  column.isDictionary = false;
  for (let row = 0; row < count; row++) {
    const index = indices[row] as number;
    appendText(column, dictionary, (starts[index] as number) + LENGTH_BYTES, starts[index + 1] as number);
  }
}
