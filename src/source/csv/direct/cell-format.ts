import type { CsvDialect } from '../csv-dialect.ts';
import { byteClasses, CLASSES } from '../plain/byte-class.ts';
import { plainCells } from '../plain/cell-automaton.ts';
import { stagedKind } from './parquet/staged-kind.ts';

/** What a byte ends: nothing, a cell, or a text that is not written plainly. */
export const ENDS = { nothing: 0, cell: 1, odd: 2 } as const;

/** What a cell is read as. */
export const CELL = { number: 0, integer: 1, day: 2, instant: 3, truth: 4, text: 5 } as const;

/** How the cells of a column are written in files of one dialect. */
export interface CellFormat {
  readonly type: string;
  readonly cell: (typeof CELL)[keyof typeof CELL];
  /** By byte, what it ends. */
  readonly ends: Uint8Array;
  readonly point: number;
  /** Digits of an integer that is read at once. */
  readonly mostDigits: number;
  /** Says of other cells whether they are plain; null: of texts, each is. */
  readonly check: CellCheck | null;
}

/** Digits that fit 32 bits, and those that a DOUBLE counts exactly. */
export const DIGITS_OF_INT32 = 9;
export const DIGITS_OF_DOUBLE = 15;
const DELIMITERS = [',', ';', '\t', '|'];
const QUOTES = ['"', "'", ''];

/** Whether the bytes of a dialect mean one thing each to those who read numbers and texts byte by byte. */
export function hasOwnBytes({ delimiter, quote }: CsvDialect, decimalSeparator: string): boolean {
  return DELIMITERS.includes(delimiter) && QUOTES.includes(quote) && decimalSeparator !== delimiter;
}

export function cellFormat(
  type: string,
  check: 'exact' | 'plain',
  dialect: CsvDialect,
  decimalSeparator: string,
): CellFormat {
  const automaton = plainCells(type, check);
  return {
    type,
    cell: CELL[stagedKind(type)?.cell ?? 'text'],
    ends: endingBytes(dialect),
    point: decimalSeparator.charCodeAt(0),
    mostDigits: { BIGINT: DIGITS_OF_DOUBLE, INTEGER: DIGITS_OF_INT32 }[type] ?? 0,
    check: automaton === null ? null : new CellCheck(automaton, byteClasses(dialect, decimalSeparator)),
  };
}

/** By byte, what it ends. */
export function endingBytes({ delimiter, quote }: CsvDialect): Uint8Array {
  const ends = new Uint8Array(256);
  for (const byte of Buffer.from(`${delimiter}\r\n`)) ends[byte] = ENDS.cell;
  for (const byte of Buffer.from(`${quote}\0`)) ends[byte] = ENDS.odd;
  return ends;
}

/** Says of cells whether an automaton takes them. */
class CellCheck {
  readonly #classes: Uint8Array;
  readonly #next: Int32Array;
  readonly #accepts: readonly boolean[];

  constructor({ next, accepts }: NonNullable<ReturnType<typeof plainCells>>, classes: Uint8Array) {
    this.#classes = classes;
    this.#next = new Int32Array(next.length * CLASSES).fill(-1);
    for (const [state, edges] of next.entries())
      for (const [byte, to] of edges) this.#next[state * CLASSES + byte] = to;
    this.#accepts = accepts;
  }

  takes(bytes: Uint8Array, from: number, to: number): boolean {
    let state = 0;
    for (let at = from; at < to; at++) {
      state = this.#next[state * CLASSES + (this.#classes[bytes[at] as number] as number)] as number;
      if (state === -1) return false;
    }
    return this.#accepts[state] === true;
  }
}
