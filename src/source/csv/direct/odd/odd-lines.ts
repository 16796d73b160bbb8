import type { CsvDialect } from '../../csv-dialect.ts';
import { byteClasses } from '../../plain/byte-class.ts';
import { type Newline, RecordAutomaton } from '../../plain/record-automaton.ts';
import { LineScanner } from '../../plain/scan-lines.ts';
import type { Words } from '../careful-value.ts';

/** A line that is a record, and of which a cell is not plain. */
export interface OddLine {
  /** Its place among the segments of its piece. */
  readonly segment: number;
  /** Where it lies in its file, its newline included. */
  readonly from: number;
  readonly to: number;
  /** Without the newline. */
  readonly bytes: Uint8Array;
}

/** A cell that was read with care; a text by its bytes. */
export type CarefulCell = Words | Uint8Array | null;

/** What an odd line was found to be. */
export interface CarefulLine {
  /** By column. */
  readonly cells: readonly CarefulCell[];
  /** By typed column, the text where the value does not print it; null: the values say it all. */
  readonly odd: readonly (Uint8Array | null)[] | null;
}

/** Lines up to which a piece may have as many odd ones as it likes, and the share that may be odd beyond. */
const FEW_LINES = 16;
const MOST_ODD = 1 / 32;

/** Collects the odd lines of a piece. */
export class OddLines {
  readonly all: OddLine[] = [];
  readonly #most: number;

  /** `rows`: lines of the piece. */
  constructor(rows: number) {
    this.#most = Math.max(FEW_LINES, rows * MOST_ODD);
  }

  /** False: there are too many for it to be worth while. */
  add(line: OddLine): boolean {
    return this.all.push(line) <= this.#most;
  }
}

const LINE_FEED = 0x0a;

/** Tells lines that are records of a file from others. */
export class RecordCheck {
  readonly #scanner: LineScanner;
  readonly #newlineBytes: number;

  constructor(dialect: CsvDialect, newline: Newline) {
    // What a number is does not matter to texts.
    const cells = dialect.names.map(() => null);
    this.#scanner = new LineScanner(new RecordAutomaton(cells, newline), byteClasses(dialect, '.'));
    this.#newlineBytes = newline.length;
  }

  /** Where the line that begins at `from` ends, newline included; null: it is not a record. */
  endOf(bytes: Buffer, from: number): number | null {
    const to = bytes.indexOf(LINE_FEED, from) + 1;
    return this.#scanner.scan(bytes, from, to) === null ? null : to;
  }

  /** A copy of a line that {@link endOf} found, without its newline. */
  contentOf(bytes: Buffer, from: number, to: number): Uint8Array {
    return Uint8Array.from(bytes.subarray(from, to - this.#newlineBytes));
  }
}
