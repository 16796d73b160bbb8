import type { TensorData } from '../core/tensor-data.ts';
import type { ScoreSink } from '../shard/batch-scorer.ts';

/** The results of the first rows of a batch, to be compared bit for bit: NaN is NaN, and 0 is not -0. */
export class ResultBits implements ScoreSink {
  readonly #widths: readonly number[];
  readonly #rows: number;
  readonly #outputs: Buffer[][];

  /**
   * @param widths values a row, by output
   * @param rows how many rows are kept; later ones are left out
   */
  constructor(widths: readonly number[], rows: number) {
    this.#widths = widths;
    this.#rows = rows;
    this.#outputs = widths.map(() => []);
  }

  scored(outputs: readonly TensorData[], from: number, to: number, position: number): void {
    const end = Math.min(to, from + this.#rows - position);
    if (end <= from) return;
    outputs.forEach((data, index) => {
      const width = this.#widths[index] ?? 1;
      this.#outputs[index]?.push(bytesOfValues(data, from * width, end * width));
    });
  }

  failed(_: number, reason: string): never {
    throw new Error(reason);
  }

  /** Same results, in whatever calls they came. */
  equals(other: ResultBits): boolean {
    return this.#bytes().equals(other.#bytes());
  }

  #bytes(): Buffer {
    return Buffer.concat(this.#outputs.flat());
  }
}

function bytesOfValues(data: TensorData, from: number, to: number): Buffer {
  if (Array.isArray(data))
    return Buffer.from(
      data
        .slice(from, to)
        .map((text) => `${JSON.stringify(text)},`)
        .join(''),
    );
  const values = data.subarray(from, to);
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
