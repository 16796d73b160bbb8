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
  #start = 0;

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

  /** What was written since the last end is a key. */
  endKey(): void {
    this.#keySizes[this.#keys] = this.#written();
    this.#keyRows[this.#keys++] = 0;
  }

  endField(): void {
    this.#fieldSizes[this.#rows] = this.#written();
  }

  /** Ends a row of the last key. */
  endValue(): void {
    this.#valueSizes[this.#rows++] = this.#written();
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
    this.#start = 0;
  }

  #written(): number {
    const size = this.bytes.length - this.#start;
    this.#start = this.bytes.length;
    return size;
  }
}
