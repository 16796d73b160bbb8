import type { DuckDBVector } from '@duckdb/node-api';
import type { KernelMemory } from '../../core/machine/wasm-kernel.ts';
import { INTEGER_BYTES } from '../../kv/put-bytes.ts';
import { NUMBER_BYTES, putAscii, putFloat32, putFloat64 } from '../../kv/shortest-number.ts';
import type { VectorInternals } from '../../source/duckdb/chunk-stream.ts';
import type { RowTextExports } from './kernel-rows.ts';
import type { SelectedColumn } from './kv-texts.ts';
import { DATE_BYTES, putDate } from './put-date.ts';
import { CHUNK_ROWS } from './row-writer.ts';
import type { TextKind } from './text-column.ts';

/** Of DuckDB's string_t. */
const STRING_BYTES = 16;
/** Of a text that stands in it. */
const INLINE_BYTES = 12;

const MOST_BYTES: Readonly<Record<TextKind, number>> = {
  integer: INTEGER_BYTES,
  date: DATE_BYTES,
  float32: NUMBER_BYTES,
  float64: NUMBER_BYTES,
  text: INLINE_BYTES,
};

/** A column of a chunk in the kernel's memory, with the text of each row. */
export class KernelColumn {
  /** Of a row's text. */
  readonly mostBytes: number;
  /** Where the kernel finds starts, ends and nulls. */
  readonly record: number;
  readonly #exports: RowTextExports;
  readonly #column: SelectedColumn;
  readonly #items: number;
  readonly #starts: number;
  readonly #ends: number;
  readonly #bits: number;
  readonly #texts: number;
  readonly #left: number;

  /** @param left where the kernel says which rows it leaves to others */
  constructor(exports: RowTextExports, memory: KernelMemory, left: number, column: SelectedColumn) {
    this.#exports = exports;
    this.#column = column;
    this.mostBytes = MOST_BYTES[column.kind];
    this.record = memory.take(3 * 4);
    this.#items = memory.take(CHUNK_ROWS * (column.kind === 'text' ? STRING_BYTES : 4));
    this.#starts = memory.take(CHUNK_ROWS * 4);
    this.#ends = memory.take(CHUNK_ROWS * 4);
    this.#bits = memory.take(CHUNK_ROWS / 8);
    this.#texts = column.kind === 'text' ? 0 : memory.take(CHUNK_ROWS * this.mostBytes);
    this.#left = left;
  }

  /** Takes the column of the next chunk. False where it has a longer text. */
  load(vector: DuckDBVector, rows: number): boolean {
    const { items, dataView, validity } = vector as unknown as Required<VectorInternals>;
    const exports = this.#exports;
    const { buffer } = exports.memory;
    const bits = validity.data === null ? 0 : this.#bits;
    if (validity.data !== null)
      new BigUint64Array(buffer, this.#bits, CHUNK_ROWS / 64).set(
        validity.data.subarray(0, Math.ceil(rows / 64)),
      );
    new Uint32Array(buffer, this.record, 3).set([this.#starts, this.#ends, bits]);
    exports.setTexts(this.#texts, this.#left);
    const place = [this.#items, rows, this.#starts, this.#ends] as const;
    switch (this.#column.kind) {
      case 'text':
        new Uint8Array(buffer, this.#items).set(
          new Uint8Array(dataView.buffer, dataView.byteOffset, rows * STRING_BYTES),
        );
        return exports.inlineTexts(...place, bits) !== 0;
      case 'integer':
        this.#setInts(items as ArrayLike<number>);
        exports.integerTexts(...place, !(items instanceof Uint32Array));
        return true;
      case 'date':
        this.#setInts(items as ArrayLike<number>);
        this.#fill(exports.dateTexts(...place), items as ArrayLike<number>);
        return true;
      case 'float32':
        new Float32Array(buffer, this.#items, rows).set(items as Float32Array);
        this.#fill(exports.floatTexts(...place), items as ArrayLike<number>);
        return true;
      case 'float64':
        this.#fillAll(rows, items as ArrayLike<number>);
        return true;
    }
  }

  #setInts(items: ArrayLike<number>): void {
    new Int32Array(this.#exports.memory.buffer, this.#items, items.length).set(items);
  }

  /** Writes the texts of so many rows that the kernel left. */
  #fill(leftRows: number, items: ArrayLike<number>): void {
    if (leftRows === 0) return;
    const left = new Uint32Array(this.#exports.memory.buffer, this.#left, leftRows);
    this.#fillRows(leftRows, (index) => left[index] as number, items, this.#exports.textsEnd());
  }

  #fillAll(rows: number, items: ArrayLike<number>): void {
    this.#fillRows(rows, (index) => index, items, this.#texts);
  }

  #fillRows(count: number, rowAt: (index: number) => number, items: ArrayLike<number>, from: number): void {
    const { buffer } = this.#exports.memory;
    const bytes = Buffer.from(buffer);
    const starts = new Uint32Array(buffer, this.#starts, CHUNK_ROWS);
    const ends = new Uint32Array(buffer, this.#ends, CHUNK_ROWS);
    let at = from;
    for (let index = 0; index < count; index++) {
      const row = rowAt(index);
      starts[row] = at;
      at = this.#put(bytes, at, items, row);
      ends[row] = at;
    }
  }

  #put(bytes: Buffer, at: number, items: ArrayLike<number>, row: number): number {
    const { kind, nonFinite } = this.#column;
    const value = items[row] as number;
    if (kind === 'date') return putDate(bytes, at, value);
    if (!Number.isFinite(value)) return putAscii(bytes, at, nonFinite === 'null' ? 'null' : String(value));
    return kind === 'float32' ? putFloat32(bytes, at, items, row) : putFloat64(bytes, at, items, row);
  }
}
