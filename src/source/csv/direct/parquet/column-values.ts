import { GROUP_ROWS, MOST_ENTRIES, SLOTS } from './group-size.ts';
import type { StagedKind } from './staged-kind.ts';

/** 32-bit words of a value of any type but text. */
export const WORDS = 2;
/** Bytes before a text that say how long it is. */
export const LENGTH_BYTES = 4;
const FIRST_TEXT_BYTES = 1 << 12;

/**
 * The values of a column in one row group: each once in a dictionary while there are few, otherwise one after the
 * other. Nothing is hidden: what put-value.ts does for each of millions of cells has to be plain to the compiler.
 */
export class ColumnValues {
  readonly kind: StagedKind;
  /** Values without the nulls. */
  count = 0;
  nulls = 0;
  /** A bit a row, set where there is a value; only once there is a null. */
  definedBits = new Uint8Array(0);
  /** Once there were too many different values, there will be in the next row group. */
  isDictionary = true;
  /** Of the dictionary. */
  entries = 0;
  readonly indices = new Uint16Array(GROUP_ROWS);
  /** By hash, entries from 1; 0: none. */
  readonly slots = new Uint16Array(SLOTS);
  /** The value before, since it often comes again. */
  lastLow = 0;
  lastHigh = 0;
  lastIndex = -1;
  /** Words of the values of a column without text: those of the dictionary, and all. */
  readonly entryWords: Int32Array;
  plainWords = new Int32Array(0);
  /** Texts as Parquet has them, a length before each, and where those of the dictionary begin. */
  texts: Uint8Array;
  textBytes = 0;
  readonly starts: Uint32Array;

  constructor(kind: StagedKind) {
    const isText = kind.cell === 'text';
    this.kind = kind;
    this.entryWords = new Int32Array(isText ? 0 : MOST_ENTRIES * WORDS);
    this.texts = new Uint8Array(isText ? FIRST_TEXT_BYTES : 0);
    this.starts = new Uint32Array(isText ? MOST_ENTRIES + 1 : 0);
  }

  get rows(): number {
    return this.count + this.nulls;
  }

  /** A bit a row, set where there is a value; null: all have one. */
  get defined(): Uint8Array | null {
    return this.nulls === 0 ? null : this.definedBits.subarray(0, (this.rows + 7) >> 3);
  }

  /** The bytes of the dictionary's values, or of all. */
  get bytes(): Uint8Array {
    if (this.kind.width === null) return this.texts.subarray(0, this.textBytes);
    const values = this.isDictionary ? this.entries : this.count;
    const words = (this.isDictionary ? this.entryWords : this.plainWords).subarray(0, values * WORDS);
    return new Uint8Array(this.kind.width === 8 ? words.slice().buffer : lowWords(words).buffer);
  }

  /** For the next row group. */
  clear(): void {
    if (this.entries > 0) this.slots.fill(0);
    this.count = 0;
    this.nulls = 0;
    this.entries = 0;
    this.lastIndex = -1;
    this.textBytes = 0;
  }
}

function lowWords(words: Int32Array): Int32Array {
  const low = new Int32Array(words.length / WORDS);
  for (let value = 0; value < low.length; value++) low[value] = words[value * WORDS] as number;
  return low;
}
