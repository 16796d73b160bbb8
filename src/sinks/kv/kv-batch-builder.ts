import { ByteWriter } from '../../kv/byte-writer.ts';
import type { KvBatch } from '../../kv/store.ts';

/** Puts a batch together, key by key; its memory is used again for the next batch. */
export class KvBatchBuilder {
  /** Where keys, fields and values are written. */
  readonly bytes = new ByteWriter(128 * 1024);
  readonly #hasField: boolean;
  readonly #keySizes: Uint32Array;
  readonly #keyRows: Uint32Array;
  readonly #fieldSizes: Uint32Array;
  readonly #valueSizes: Uint32Array;
  #keys = 0;
  #rows = 0;

  /** For batches of up to so many rows. */
  constructor(maxRows: number, hasField: boolean) {
    this.#hasField = hasField;
    this.#keySizes = new Uint32Array(maxRows);
    this.#keyRows = new Uint32Array(maxRows);
    this.#fieldSizes = new Uint32Array(maxRows);
    this.#valueSizes = new Uint32Array(maxRows);
  }

  get rows(): number {
    return this.#rows;
  }

  /** The last bytes written, so many, are a key. */
  endKey(size: number): void {
    this.#keySizes[this.#keys] = size;
    this.#keyRows[this.#keys++] = 0;
  }

  /** The last bytes written are a row of the last key: its field, and then its value. */
  endRow(fieldSize: number, valueSize: number): void {
    this.#fieldSizes[this.#rows] = fieldSize;
    this.#valueSizes[this.#rows++] = valueSize;
    (this.#keyRows[this.#keys - 1] as number)++;
  }

  /** The batch: valid until `clear`. */
  batch(): KvBatch {
    return {
      bytes: this.bytes.view(),
      keys: this.#keys,
      rows: this.#rows,
      keySizes: this.#keySizes,
      keyRows: this.#keyRows,
      fieldSizes: this.#hasField ? this.#fieldSizes : null,
      valueSizes: this.#valueSizes,
    };
  }

  clear(): void {
    this.bytes.clear();
    this.#keys = 0;
    this.#rows = 0;
  }
}
