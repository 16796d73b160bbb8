import type { CsvDialect } from '../csv-dialect.ts';
import type { Newline } from '../plain/record-automaton.ts';
import { CELL, type CellFormat, cellFormat } from './cell-format.ts';
import type { ColumnValues } from './parquet/column-values.ts';
import { putNull } from './parquet/put-value.ts';
import { ODD, readCarefully, readDay, readInstant, readInteger, readNumber } from './read-cell.ts';
import { readBareText, readQuotedText } from './read-text.ts';

/** A column, and how it is written where its cells have to be looked at. */
export interface ReadColumn {
  readonly values: ColumnValues;
  readonly type: string;
  readonly check: 'exact' | 'plain';
}

export interface RecordShape {
  readonly dialect: CsvDialect;
  readonly decimalSeparator: string;
  readonly newline: Newline;
}

/** A field of a record. */
interface Field {
  readonly values: ColumnValues;
  readonly format: CellFormat;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
// Constants of this file are known to the compiler, fields of another file's constant are looked up each time.
const { number: NUMBER, integer: INTEGER, day: DAY, instant: INSTANT, text: TEXT } = CELL;

/** Reads records as RFC 4180 has them, one a line, into the values of their columns, where all cells are plain. */
export class RecordReader {
  readonly #fields: readonly Field[];
  readonly #missing: readonly ColumnValues[];
  readonly #quote: number;
  /** Of all fields but the last one. */
  readonly #delimiter: number;
  readonly #newline: number;

  /** `columns`: by field of a record; `missing`: those that these files do not have. */
  constructor(shape: RecordShape, columns: readonly ReadColumn[], missing: readonly ColumnValues[]) {
    const { dialect, decimalSeparator, newline } = shape;
    this.#fields = columns.map(({ values, type, check }) => ({
      values,
      format: cellFormat(type, check, dialect, decimalSeparator),
    }));
    this.#missing = missing;
    this.#quote = dialect.quote === '' ? -1 : dialect.quote.charCodeAt(0);
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    this.#newline = newline === '\n' ? LINE_FEED : CARRIAGE_RETURN;
  }

  /**
   * Reads whole lines, the last of which ends in a newline, too, up to the first one that is not plain: says where
   * that begins. Columns may have values of its first cells by then, and are of no use any more.
   */
  read(bytes: Uint8Array, from: number, to: number): number {
    const fields = this.#fields;
    const quote = this.#quote;
    const delimiter = this.#delimiter;
    const newline = this.#newline;
    const last = fields.length - 1;
    for (let at = from; at < to; ) {
      const start = at;
      // Whether an empty line is a record of a single field is not for us to say.
      if (last === 0 && bytes[at] === newline) return start;
      for (let index = 0; index <= last; index++) {
        const { values, format } = fields[index] as Field;
        if (bytes[at] === quote) at = readQuoted(values, format, quote, bytes, at + 1);
        else
          switch (format.cell) {
            case NUMBER:
              at = readNumber(values, format, bytes, at);
              break;
            case INTEGER:
              at = readInteger(values, format, bytes, at);
              break;
            case DAY:
              at = readDay(values, format, bytes, at);
              break;
            case TEXT:
              at = readBareText(values, format.ends, bytes, at);
              break;
            default:
              at = readSeldom(values, format, bytes, at);
          }
        if (at === ODD || bytes[at] !== (index === last ? newline : delimiter)) return start;
        at++;
      }
      if (newline === CARRIAGE_RETURN && bytes[at++] !== LINE_FEED) return start;
      for (const column of this.#missing) putNull(column);
    }
    return to;
  }
}

/** From behind the quote. */
function readQuoted(
  column: ColumnValues,
  format: CellFormat,
  quote: number,
  bytes: Uint8Array,
  at: number,
): number {
  if (format.cell === TEXT) return readQuotedText(column, quote, bytes, at);
  const end = readSeldom(column, format, bytes, at);
  return end !== ODD && bytes[end] === quote ? end + 1 : ODD;
}

function readSeldom(column: ColumnValues, format: CellFormat, bytes: Uint8Array, at: number): number {
  switch (format.cell) {
    case NUMBER:
      return readNumber(column, format, bytes, at);
    case INTEGER:
      return readInteger(column, format, bytes, at);
    case DAY:
      return readDay(column, format, bytes, at);
    case INSTANT:
      return readInstant(column, format, bytes, at);
    default:
      return readCarefully(column, format, bytes, at);
  }
}
