import { BYTE_CLASS, CLASSES } from './byte-class.ts';
import type { CellAutomaton } from './cell-automaton.ts';

const { delimiter, lineFeed, carriageReturn, quote, nul, other } = BYTE_CLASS;

/** States of a column whose cells may be anything. */
const TEXT = { start: 0, plain: 1, quoted: 2, afterQuote: 3 } as const;
const TEXT_STATES = 4;

export type Newline = '\n' | '\r\n';

/**
 * Takes the records of a CSV as RFC 4180 has them, one a line, whose cells are plain. States are places of
 * rows in a table; those from {@link firstBad} on are never left again. Each says what is odd: a column, or
 * how the records are written.
 */
export class RecordAutomaton {
  readonly table: Int32Array;
  /** Where a record begins. */
  readonly start: number;
  readonly firstBad: number;
  readonly #columns: readonly ColumnPlaces[];
  readonly #newline: Newline;
  readonly #afterReturn: number;
  readonly #brokenRecord: number;

  /** By field of a record; null: any text. */
  constructor(cells: readonly (CellAutomaton | null)[], newline: Newline) {
    this.#newline = newline;
    let states = 0;
    const take = (count: number): number => {
      states += count;
      return (states - count) * CLASSES;
    };
    this.#columns = cells.map((cell) => ({
      text: take(TEXT_STATES),
      cell,
      plain: take(cell?.next.length ?? 0),
      quoted: take(cell?.next.length ?? 0),
      afterQuote: take(1),
    }));
    this.#afterReturn = take(1);
    this.firstBad = take(cells.length);
    this.#brokenRecord = take(1);
    this.table = new Int32Array(states * CLASSES).fill(this.#brokenRecord);
    for (const index of cells.keys())
      this.table.fill(this.#oddCell(index), this.#oddCell(index), this.#oddCell(index + 1));
    this.start = this.#startOf(0);
    this.table[this.#afterReturn + lineFeed] = this.start;
    for (const index of cells.keys()) this.#fill(index);
    if (cells.length === 1) this.#refuseBlankLines();
  }

  /** The column that a bad state is about; null: the records are not written as they should be. */
  oddColumn(state: number): number | null {
    const column = (state - this.firstBad) / CLASSES;
    return column < this.#columns.length ? column : null;
  }

  /** From now on the cells of a column may be anything. */
  acceptText(index: number): void {
    const from = this.#columns[index]?.text ?? 0;
    this.table.copyWithin(this.#startOf(index), from, from + CLASSES);
  }

  /** Whether an empty line is a record of a single field is not for us to say. */
  #refuseBlankLines(): void {
    for (const state of [this.start, this.#columns[0]?.text ?? 0])
      for (const byte of [lineFeed, carriageReturn]) this.table[state + byte] = this.#brokenRecord;
  }

  #oddCell(index: number): number {
    return this.firstBad + index * CLASSES;
  }

  #startOf(index: number): number {
    const column = this.#columns[index];
    if (column === undefined) return this.#brokenRecord;
    return column.cell === null ? column.text : column.plain;
  }

  #fill(index: number): void {
    const column = this.#columns[index] as ColumnPlaces;
    this.#fillText(index, column);
    if (column.cell === null) return;
    const { next, accepts } = column.cell;
    for (const [state, edges] of next.entries()) {
      const [plain, quoted] = [column.plain + state * CLASSES, column.quoted + state * CLASSES];
      const mayEnd = state === 0 || accepts[state] === true;
      this.#oddUnless(plain, index, [quote, nul, lineFeed, carriageReturn]);
      this.#oddUnless(quoted, index, [nul, lineFeed, carriageReturn]);
      for (const [byte, to] of edges) {
        this.table[plain + byte] = column.plain + to * CLASSES;
        this.table[quoted + byte] = column.quoted + to * CLASSES;
      }
      this.#endCell(plain, index, mayEnd);
      if (mayEnd) this.table[quoted + quote] = column.afterQuote;
    }
    this.table[column.plain + quote] = column.quoted;
    this.#endCell(column.afterQuote, index, true);
    this.table[column.afterQuote + quote] = this.#oddCell(index);
  }

  #fillText(index: number, { text }: ColumnPlaces): void {
    const at = (state: number): number => text + state * CLASSES;
    for (let byte: number = other; byte < CLASSES; byte++) {
      if (byte === nul || byte === lineFeed || byte === carriageReturn) continue;
      this.table[at(TEXT.quoted) + byte] = at(TEXT.quoted);
      if (byte === quote || byte === delimiter) continue;
      this.table[at(TEXT.start) + byte] = at(TEXT.plain);
      this.table[at(TEXT.plain) + byte] = at(TEXT.plain);
    }
    this.table[at(TEXT.start) + quote] = at(TEXT.quoted);
    this.table[at(TEXT.quoted) + quote] = at(TEXT.afterQuote);
    this.table[at(TEXT.afterQuote) + quote] = at(TEXT.quoted);
    for (const state of [TEXT.start, TEXT.plain, TEXT.afterQuote]) this.#endCell(at(state), index, true);
  }

  /** What no cell of the type has makes it odd, but what no record has breaks that. */
  #oddUnless(state: number, index: number, broken: readonly number[]): void {
    for (let byte: number = other; byte < CLASSES; byte++)
      if (!broken.includes(byte)) this.table[state + byte] = this.#oddCell(index);
  }

  /** A delimiter, or a newline behind the last field, ends a cell. */
  #endCell(state: number, index: number, mayEnd: boolean): void {
    const isLast = index === this.#columns.length - 1;
    const end = (byte: number, to: number): void => {
      this.table[state + byte] = mayEnd ? to : this.#oddCell(index);
    };
    if (!isLast) end(delimiter, this.#startOf(index + 1));
    else {
      this.table[state + delimiter] = this.#brokenRecord;
      if (this.#newline === '\n') end(lineFeed, this.start);
      else end(carriageReturn, this.#afterReturn);
    }
  }
}

interface ColumnPlaces {
  readonly cell: CellAutomaton | null;
  readonly text: number;
  readonly plain: number;
  readonly quoted: number;
  readonly afterQuote: number;
}
