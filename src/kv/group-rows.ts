import { ServeBatchError } from '../core/errors.ts';
import type { KvBatch } from './store.ts';

/**
 * All rows of one key. Fields are distinct and sorted (code unit order); null where the job has none,
 * and then there is one value. The arrays are used again for the next group: read them at once.
 */
export interface RowGroup {
  readonly key: string;
  readonly fields: readonly string[] | null;
  readonly values: readonly string[];
}

/** Puts rows of one key together, also across batches. Of several rows with one key and field the last wins. */
export class RowGrouper {
  readonly #onGroup: (group: RowGroup) => void;
  #key: string | undefined;
  #hasFields = false;
  #sorted = true;
  readonly #fields: string[] = [];
  readonly #values: string[] = [];

  constructor(onGroup: (group: RowGroup) => void) {
    this.#onGroup = onGroup;
  }

  /** Takes the rows from `rowStart` to `rowEnd` (exclusive) of a batch. */
  add(batch: KvBatch, rowStart: number, rowEnd: number): void {
    const { keys, fields, values } = batch;
    for (let row = rowStart; row < rowEnd; row++) {
      const key = keys[row];
      const value = values[row];
      const field = fields === null ? '' : fields[row];
      if (key === undefined || value === undefined || field === undefined) throw shortBatch(batch, row);
      if (key !== this.#key) this.#begin(key, fields !== null);
      this.#push(field, value);
    }
  }

  /** Hands out the last group. */
  end(): void {
    if (this.#key === undefined) return;
    if (!this.#sorted) this.#sort();
    this.#onGroup({
      key: this.#key,
      fields: this.#hasFields ? this.#fields : null,
      values: this.#values,
    });
    this.#key = undefined;
  }

  #begin(key: string, hasFields: boolean): void {
    this.end();
    this.#key = key;
    this.#hasFields = hasFields;
    this.#sorted = true;
    this.#fields.length = 0;
    this.#values.length = 0;
  }

  #push(field: string, value: string): void {
    const last = this.#fields.length - 1;
    const before = this.#fields[last];
    if (before === field) {
      this.#values[last] = value;
      return;
    }
    if (before !== undefined && before > field) this.#sorted = false;
    this.#fields.push(field);
    this.#values.push(value);
  }

  #sort(): void {
    const byField = new Map<string, string>();
    this.#fields.forEach((field, index) => {
      byField.set(field, this.#values[index] ?? '');
    });
    this.#fields.length = 0;
    this.#values.length = 0;
    for (const field of [...byField.keys()].sort()) {
      this.#fields.push(field);
      this.#values.push(byField.get(field) ?? '');
    }
  }
}

function shortBatch(batch: KvBatch, row: number): ServeBatchError {
  return new ServeBatchError(
    'INTERNAL',
    `A batch for the store says it has ${batch.rows} rows, but row ${row} has no key, field or value.`,
  );
}
