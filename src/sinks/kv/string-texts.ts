import { ByteWriter } from '../../kv/byte-writer.ts';
import { isValid } from '../../source/duckdb/chunk-stream.ts';
import type { RawColumn, TextMaker } from './text-column.ts';

/** Bytes that DuckDB's string_t takes: size (4), then the text itself, or its beginning (4) and its address (8). */
const STRING_BYTES = 16;
/** Longer texts stand elsewhere. */
const INLINE_BYTES = 12;

/** Texts of DuckDB. Short ones stay where they are; a long one is copied where it is not that of the row before it. */
export class StringTexts implements TextMaker {
  readonly #copies = new ByteWriter(1024);

  make(column: RawColumn, rows: number, starts: Int32Array, ends: Int32Array): Buffer {
    const { buffer, byteOffset, byteLength } = column.dataView;
    const words = new Int32Array(buffer, byteOffset, byteLength / 4);
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    const validity = column.validity.data;
    for (let row = 0; row < rows; row++) {
      const size = validity === null || isValid({ validity }, row) ? (words[row * 4] as number) : 0;
      if (size > INLINE_BYTES) return this.#copyAll(column, words, rows, starts, ends);
      const start =
        row > 0 && isSame(words, row - 1, row) ? (starts[row - 1] as number) : row * STRING_BYTES + 4;
      starts[row] = start;
      ends[row] = start + size;
    }
    return bytes;
  }

  #copyAll(
    { vector, validity }: RawColumn,
    words: Int32Array,
    rows: number,
    starts: Int32Array,
    ends: Int32Array,
  ): Buffer {
    const copies = this.#copies;
    copies.clear();
    for (let row = 0; row < rows; row++) {
      const isKnown = row > 0 && isSame(words, row - 1, row);
      starts[row] = isKnown ? (starts[row - 1] as number) : copies.length;
      if (!isKnown && isValid({ validity: validity.data }, row)) copies.text(String(vector.getItem(row)));
      ends[row] = isKnown ? (ends[row - 1] as number) : copies.length;
    }
    return copies.view();
  }
}

/** The same size and text, or the same size and address: two texts at two addresses count as different. */
function isSame(words: Int32Array, a: number, b: number): boolean {
  const first = a * 4;
  const second = b * 4;
  return (
    words[first] === words[second] &&
    words[first + 1] === words[second + 1] &&
    words[first + 2] === words[second + 2] &&
    words[first + 3] === words[second + 3]
  );
}
