import type { DuckDBVector } from '@duckdb/node-api';
import type { ByteWriter } from '../../kv/byte-writer.ts';
import { writeFloat32, writeFloat64 } from '../../kv/shortest-number.ts';
import { isValid, type VectorInternals } from '../../source/chunk-stream.ts';

/** What is made of a column's values: an integer or a number as text, or a text that DuckDB has made. */
export type TextKind = 'integer' | 'float32' | 'float64' | 'text';

/**
 * One column of a DuckDB chunk whose values are written as text. Numbers and short texts are read from
 * DuckDB's own memory: to have them handed over one by one takes ten times as long.
 */
export interface TextColumn {
  /** Takes the column of the next chunk. */
  load(vector: DuckDBVector): void;
  isNull(row: number): boolean;
  /** Whether a row has certainly the value of the row before it, which is in the same chunk. */
  isRepeated(row: number): boolean;
  /** Appends the text of a row; not of one that is null. */
  write(writer: ByteWriter, row: number): void;
}

/** `nonFinite`: texts of NaN, Infinity and -Infinity, where the column is one of floats. */
export function textColumn(kind: TextKind, nonFinite: NonFinite): TextColumn {
  switch (kind) {
    case 'integer':
      return new IntegerColumn();
    case 'float32':
      return new FloatColumn(writeFloat32, nonFinite);
    case 'float64':
      return new FloatColumn(writeFloat64, nonFinite);
    case 'text':
      return new StringColumn();
  }
}

export type NonFinite = 'words' | 'null';

const MINUS = 45;

abstract class Column {
  validity: BigUint64Array | null = null;

  /** Takes what says where there are values, and returns DuckDB's memory for the rest. */
  protected loadValidity(vector: DuckDBVector): Required<VectorInternals> {
    const internals = vector as unknown as Required<VectorInternals>;
    this.validity = internals.validity.data;
    return internals;
  }

  isNull(row: number): boolean {
    return !isValid(this, row);
  }
}

class IntegerColumn extends Column implements TextColumn {
  #values: ArrayLike<number> = [];

  load(vector: DuckDBVector): void {
    this.#values = this.loadValidity(vector).items as ArrayLike<number>;
  }

  isRepeated(row: number): boolean {
    return this.#values[row] === this.#values[row - 1] && this.isNull(row) === this.isNull(row - 1);
  }

  write(writer: ByteWriter, row: number): void {
    const value = this.#values[row] as number;
    if (value < 0) writer.byte(MINUS);
    writer.decimal(Math.abs(value));
  }
}

class FloatColumn extends Column implements TextColumn {
  readonly #writeFinite: (writer: ByteWriter, value: number) => void;
  readonly #nonFinite: NonFinite;
  #values: ArrayLike<number> = [];

  constructor(writeFinite: (writer: ByteWriter, value: number) => void, nonFinite: NonFinite) {
    super();
    this.#writeFinite = writeFinite;
    this.#nonFinite = nonFinite;
  }

  load(vector: DuckDBVector): void {
    this.#values = this.loadValidity(vector).items as ArrayLike<number>;
  }

  isRepeated(): boolean {
    return false;
  }

  write(writer: ByteWriter, row: number): void {
    const value = this.#values[row] as number;
    if (Number.isFinite(value)) this.#writeFinite(writer, value);
    else writer.text(this.#nonFinite === 'null' ? 'null' : String(value));
  }
}

/** Bytes that DuckDB's string_t takes: size (4), then the text itself, or its beginning (4) and its address (8). */
const STRING_BYTES = 16;
/** Longer texts stand elsewhere. */
const INLINE_BYTES = 12;

class StringColumn extends Column implements TextColumn {
  #vector: DuckDBVector | undefined;
  #words: Int32Array = new Int32Array(0);
  #bytes: Uint8Array = new Uint8Array(0);
  /** A long text of an earlier row of the chunk, which often comes again. */
  #cached = Buffer.alloc(0);
  #cachedRow = -1;

  load(vector: DuckDBVector): void {
    const { dataView } = this.loadValidity(vector);
    this.#vector = vector;
    this.#words = new Int32Array(dataView.buffer, dataView.byteOffset, dataView.byteLength / 4);
    this.#bytes = new Uint8Array(dataView.buffer, dataView.byteOffset, dataView.byteLength);
    this.#cachedRow = -1;
  }

  isRepeated(row: number): boolean {
    return this.#isSame(row, row - 1);
  }

  write(writer: ByteWriter, row: number): void {
    const size = this.#words[row * 4] as number;
    if (size <= INLINE_BYTES) {
      const start = row * STRING_BYTES + 4;
      writer.piece(this.#bytes, start, start + size);
      return;
    }
    if (this.#cachedRow === -1 || !this.#isSame(row, this.#cachedRow)) {
      this.#cached = Buffer.from(String(this.#vector?.getItem(row)));
      this.#cachedRow = row;
    }
    writer.piece(this.#cached, 0, this.#cached.length);
  }

  /** The same size and text, or the same size and address: two texts at two addresses count as different. */
  #isSame(a: number, b: number): boolean {
    const words = this.#words;
    const first = a * 4;
    const second = b * 4;
    return (
      words[first] === words[second] &&
      words[first + 1] === words[second + 1] &&
      words[first + 2] === words[second + 2] &&
      words[first + 3] === words[second + 3] &&
      this.isNull(a) === this.isNull(b)
    );
  }
}
