import { Spares } from '../../core/machine/spares.ts';
import type { KvBatch } from '../store.ts';

/** Of one shard, and some more: the rows of a shard wait for one transaction. */
const MOST_KEPT = 32;
/** A batch with longer texts is not kept. */
const MOST_KEPT_BYTES = 2 * 1024 * 1024;
/** Batches differ a little in size. */
const STEP_BYTES = 256 * 1024;

/** Where a batch of a stream stays beyond the step of the stream that it is valid for. */
export class KeptBatch {
  #memory = new ArrayBuffer(0);

  /** A copy, valid until the next one is made or this is given back. */
  copyOf(batch: KvBatch): KvBatch {
    const { bytes, keys, rows, fieldSizes } = batch;
    const sizes = keys * 2 + rows * (fieldSizes === null ? 1 : 2);
    this.#reserve(sizes * 4 + bytes.length);
    let at = 0;
    const copy = (numbers: Uint32Array, count: number): Uint32Array => {
      const target = new Uint32Array(this.#memory, at, count);
      target.set(numbers.subarray(0, count));
      at += count * 4;
      return target;
    };
    return {
      ...batch,
      keySizes: copy(batch.keySizes, keys),
      keyRows: copy(batch.keyRows, keys),
      fieldSizes: fieldSizes && copy(fieldSizes, rows),
      valueSizes: copy(batch.valueSizes, rows),
      bytes: this.#copyBytes(bytes, at),
    };
  }

  /** After it, what was copied may be overwritten at any time. */
  giveBack(): void {
    if (this.#memory.byteLength <= MOST_KEPT_BYTES) KEPT.giveBack(this);
  }

  #copyBytes(bytes: Buffer, at: number): Buffer {
    const target = Buffer.from(this.#memory, at, bytes.length);
    target.set(bytes);
    return target;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#memory.byteLength)
      this.#memory = new ArrayBuffer(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
  }
}

const KEPT = new Spares(() => new KeptBatch(), MOST_KEPT);

export function takeKeptBatch(): KeptBatch {
  return KEPT.take();
}
