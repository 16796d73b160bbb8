import { putAscii } from '../../kv/shortest-number.ts';
import type { NonFinite, RawColumn, TextMaker } from './text-column.ts';

/** Writes the number of a row. */
type PutNumber = (bytes: Buffer, at: number, column: ArrayLike<number>, row: number) => number;

/** Floats as text. */
export class FloatTexts implements TextMaker {
  readonly #put: PutNumber;
  readonly #maxBytes: number;
  readonly #nonFinite: NonFinite;
  #bytes = Buffer.alloc(0);

  /** @param maxBytes that `put` writes of a finite number, or a word takes */
  constructor(put: PutNumber, maxBytes: number, nonFinite: NonFinite) {
    this.#put = put;
    this.#maxBytes = maxBytes;
    this.#nonFinite = nonFinite;
  }

  make({ items }: RawColumn, rows: number, starts: Int32Array, ends: Int32Array): Buffer {
    const numbers = items as ArrayLike<number>;
    if (this.#bytes.length < rows * this.#maxBytes) this.#bytes = Buffer.alloc(rows * this.#maxBytes);
    const [bytes, put] = [this.#bytes, this.#put];
    let at = 0;
    for (let row = 0; row < rows; row++) {
      const value = numbers[row] as number;
      starts[row] = at;
      at = Number.isFinite(value) ? put(bytes, at, numbers, row) : putAscii(bytes, at, this.#word(value));
      ends[row] = at;
    }
    return bytes;
  }

  #word(value: number): string {
    return this.#nonFinite === 'null' ? 'null' : String(value);
  }
}
