import type { DuckDBVector } from '@duckdb/node-api';
import { INTEGER_BYTES, putInteger } from '../../kv/put-bytes.ts';
import { NUMBER_BYTES, putFloat32, putFloat64 } from '../../kv/shortest-number.ts';
import { isValid, type VectorInternals } from '../../source/duckdb/chunk-stream.ts';
import { FloatTexts } from './float-texts.ts';
import { IntegerTexts } from './integer-texts.ts';
import { DATE_BYTES, putDate } from './put-date.ts';
import { StringTexts } from './string-texts.ts';

/** What is made of a column's values: a number or a date as text, or a text that DuckDB has made. */
export type TextKind = 'integer' | 'date' | 'float32' | 'float64' | 'text';

/** What stands for NaN, Infinity and -Infinity, where the column is one of floats. */
export type NonFinite = 'words' | 'null';

/**
 * Makes the texts of a column for all rows of a chunk at once. Numbers, dates and short texts are read from DuckDB's
 * own memory: to have them handed over one by one takes ten times as long.
 */
export interface TextMaker {
  /**
   * Says of each row where its text starts and ends (exclusive) in the bytes that it returns. Rows with the same text
   * may have it in the same place. What it says of nulls is never read.
   */
  make(column: RawColumn, rows: number, starts: Int32Array, ends: Int32Array): Buffer;
}

/** A column of a chunk as DuckDB keeps it. */
export interface RawColumn extends Required<VectorInternals> {
  readonly vector: DuckDBVector;
}

/** The column that a SELECT has at one place, as texts: chunk by chunk. */
export class TextColumn {
  readonly #maker: TextMaker;
  /** The texts of the chunk: that of a row stands from `starts` to `ends` (exclusive). */
  bytes: Buffer = Buffer.alloc(0);
  starts = new Int32Array(0);
  ends = new Int32Array(0);
  /** 1 for each row that is null; null where none is. */
  nulls: Uint8Array | null = null;

  constructor(maker: TextMaker) {
    this.#maker = maker;
  }

  /** Takes the column of the next chunk. */
  load(vector: DuckDBVector, rows: number): void {
    const internals = vector as unknown as Required<VectorInternals>;
    if (rows > this.starts.length) {
      this.starts = new Int32Array(rows);
      this.ends = new Int32Array(rows);
    }
    const { items, dataView, validity } = internals;
    this.nulls = nullsOf(validity.data, rows);
    this.bytes = this.#maker.make({ vector, items, dataView, validity }, rows, this.starts, this.ends);
  }

  isNull(row: number): boolean {
    return this.nulls !== null && this.nulls[row] === 1;
  }

  /** Whether a row has certainly the text of the row before it, which is in the same chunk. */
  isRepeated(row: number): boolean {
    const isSame = this.starts[row] === this.starts[row - 1];
    return this.nulls === null ? isSame : isSame && this.nulls[row] === this.nulls[row - 1];
  }
}

export function textColumn(kind: TextKind, nonFinite: NonFinite): TextColumn {
  return new TextColumn(makerOf(kind, nonFinite));
}

function makerOf(kind: TextKind, nonFinite: NonFinite): TextMaker {
  switch (kind) {
    case 'integer':
      return new IntegerTexts(putInteger, INTEGER_BYTES);
    case 'date':
      return new IntegerTexts(putDate, DATE_BYTES);
    case 'float32':
      return new FloatTexts(putFloat32, NUMBER_BYTES, nonFinite);
    case 'float64':
      return new FloatTexts(putFloat64, NUMBER_BYTES, nonFinite);
    case 'text':
      return new StringTexts();
  }
}

function nullsOf(validity: BigUint64Array | null, rows: number): Uint8Array | null {
  if (validity === null) return null;
  return Uint8Array.from({ length: rows }, (_, row) => (isValid({ validity }, row) ? 0 : 1));
}
