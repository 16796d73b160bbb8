import type { RawColumn, TextMaker } from './text-column.ts';

/** Values of a chunk whose texts are remembered: a power of two. */
const REMEMBERED = 256;

/**
 * Integers of up to 32 bits as text. A value that comes again in the chunk, as the days of a week do, is not written
 * again.
 */
export class IntegerTexts implements TextMaker {
  readonly #put: (bytes: Buffer, at: number, value: number) => number;
  readonly #maxBytes: number;
  #bytes = Buffer.alloc(0);
  /** The last value with these low bits, and the row that has its text; -1: none of this chunk. */
  readonly #values = new Float64Array(REMEMBERED);
  readonly #rows = new Int32Array(REMEMBERED);

  /** @param maxBytes that `put` writes */
  constructor(put: (bytes: Buffer, at: number, value: number) => number, maxBytes: number) {
    this.#put = put;
    this.#maxBytes = maxBytes;
  }

  make({ items }: RawColumn, rows: number, starts: Int32Array, ends: Int32Array): Buffer {
    const numbers = items as ArrayLike<number>;
    if (this.#bytes.length < rows * this.#maxBytes) this.#bytes = Buffer.alloc(rows * this.#maxBytes);
    const [bytes, put, values, places] = [this.#bytes, this.#put, this.#values, this.#rows];
    places.fill(-1);
    let at = 0;
    for (let row = 0; row < rows; row++) {
      const value = numbers[row] as number;
      const slot = value & (REMEMBERED - 1);
      const before = places[slot] as number;
      if (before !== -1 && values[slot] === value) {
        starts[row] = starts[before] as number;
        ends[row] = ends[before] as number;
        continue;
      }
      starts[row] = at;
      at = put(bytes, at, value);
      ends[row] = at;
      values[slot] = value;
      places[slot] = row;
    }
    return bytes;
  }
}
