import { ServeBatchError } from '../core/errors.ts';
import { compareBytes, sameBytes } from './bytes.ts';
import type { KvBatch } from './store.ts';

/**
 * All rows of one key, as places in `bytes`. Fields are distinct and sorted by their bytes. Everything in
 * it is used again for the next group: read it at once.
 */
export interface RowGroup {
  readonly bytes: Buffer;
  readonly keyStart: number;
  /** Exclusive. */
  readonly keyEnd: number;
  /** Values: one a field; exactly one where the job has no field. */
  readonly count: number;
  readonly hasFields: boolean;
  /** Where each field starts. It ends where its value starts; empty where there are no fields. */
  readonly fieldStarts: readonly number[];
  readonly valueStarts: readonly number[];
  /** Where each value ends (exclusive). */
  readonly valueEnds: readonly number[];
}

/** A place in a batch: before a key. */
export interface BatchPlace {
  readonly key: number;
  readonly row: number;
  /** Of the bytes. */
  readonly at: number;
}

/**
 * Takes groups of a batch from a place on, as many as it can, just as they would be handed out one by one; and returns
 * the place behind them. It never takes the last group, which may go on in the next batch.
 */
export type GroupLane = (batch: KvBatch, from: BatchPlace) => BatchPlace;

/** Puts rows of one key together, also across batches. Of several rows with one key and field the last wins. */
export class RowGrouper {
  readonly #onGroup: (group: RowGroup) => void;
  /** The rows of the last key of a batch wait here, since the next batch may go on with it. */
  readonly #open = new GroupRows(Buffer.alloc(1024));
  /** Rows in the batch at hand, where they lie: most groups are complete in one batch, and never copied. */
  readonly #inBatch = new GroupRows(Buffer.alloc(0));
  #openBytes = 0;
  readonly #lane: GroupLane | null;

  /** @param lane is offered the groups that come behind one that was handed out */
  constructor(onGroup: (group: RowGroup) => void, lane: GroupLane | null = null) {
    this.#onGroup = onGroup;
    this.#lane = lane;
  }

  add(batch: KvBatch): void {
    const { bytes, keys, keySizes, keyRows, fieldSizes, valueSizes } = batch;
    const group = this.#inBatch;
    group.begin(bytes, fieldSizes !== null);
    let at = 0;
    let row = 0;
    for (let key = 0; key < keys; key++) {
      let keyStart = at;
      let keyEnd = keyStart + sizeAt(keySizes, key);
      const goesOn = this.#open.count > 0 && this.#open.hasKey(bytes, keyStart, keyEnd);
      if (!goesOn) {
        this.end();
        if (group.count > 0 && !group.hasKey(bytes, keyStart, keyEnd)) {
          this.#emit(group);
          group.begin(bytes, fieldSizes !== null);
          if (this.#lane !== null) {
            ({ key, row, at: keyStart } = this.#lane(batch, { key, row, at: keyStart }));
            keyEnd = keyStart + sizeAt(keySizes, key);
          }
        }
        if (group.count === 0) group.setKey(keyStart, keyEnd);
      }
      at = keyEnd;
      for (const rowEnd = row + sizeAt(keyRows, key); row < rowEnd; row++) {
        const valueStart = fieldSizes === null ? at : at + sizeAt(fieldSizes, row);
        const end = valueStart + sizeAt(valueSizes, row);
        if (!(end <= bytes.length)) throw shortBatch(batch, row);
        if (goesOn) this.#keep(bytes, at, valueStart, end);
        else group.push(at, valueStart, end);
        at = end;
      }
    }
    if (group.count > 0) this.#keepGroup(group);
  }

  /** Hands out the last group. */
  end(): void {
    if (this.#open.count === 0) return;
    this.#emit(this.#open);
    this.#open.count = 0;
  }

  #emit(group: GroupRows): void {
    group.settle();
    this.#onGroup(group);
  }

  #keepGroup(group: GroupRows): void {
    const { bytes, keyStart, keyEnd, hasFields } = group;
    this.#openBytes = 0;
    const start = this.#copy(bytes, keyStart, keyEnd);
    this.#open.begin(this.#open.bytes, hasFields);
    this.#open.setKey(start, this.#openBytes);
    for (let index = 0; index < group.count; index++)
      this.#keep(
        bytes,
        group.fieldStarts[index] ?? 0,
        group.valueStarts[index] ?? 0,
        group.valueEnds[index] ?? 0,
      );
  }

  #keep(bytes: Buffer, fieldStart: number, valueStart: number, end: number): void {
    const start = this.#copy(bytes, fieldStart, end);
    this.#open.push(start, start + valueStart - fieldStart, this.#openBytes);
  }

  #copy(bytes: Buffer, start: number, end: number): number {
    const at = this.#openBytes;
    this.#openBytes += end - start;
    if (this.#openBytes > this.#open.bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#openBytes, this.#open.bytes.length * 2));
      larger.set(this.#open.bytes.subarray(0, at));
      this.#open.bytes = larger;
    }
    this.#open.bytes.set(bytes.subarray(start, end), at);
    return at;
  }
}

class GroupRows implements RowGroup {
  bytes: Buffer;
  keyStart = 0;
  keyEnd = 0;
  count = 0;
  hasFields = false;
  readonly fieldStarts: number[] = [];
  readonly valueStarts: number[] = [];
  readonly valueEnds: number[] = [];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  begin(bytes: Buffer, hasFields: boolean): void {
    this.bytes = bytes;
    this.hasFields = hasFields;
    this.count = 0;
  }

  setKey(start: number, end: number): void {
    this.keyStart = start;
    this.keyEnd = end;
  }

  hasKey(bytes: Buffer, start: number, end: number): boolean {
    return (
      end - start === this.keyEnd - this.keyStart &&
      sameBytes(this.bytes, this.keyStart, bytes, start, end - start)
    );
  }

  push(fieldStart: number, valueStart: number, valueEnd: number): void {
    const index = this.count++;
    this.fieldStarts[index] = fieldStart;
    this.valueStarts[index] = valueStart;
    this.valueEnds[index] = valueEnd;
  }

  /** Makes fields distinct and sorted: the last of equal ones stays. Without fields the last row stays. */
  settle(): void {
    if (!this.hasFields) this.#take([this.count - 1]);
    else if (!this.#isSorted()) this.#take(this.#sortedRows());
  }

  #isSorted(): boolean {
    for (let index = 1; index < this.count; index++) if (this.#compare(index - 1, index) >= 0) return false;
    return true;
  }

  #sortedRows(): number[] {
    const rows = Array.from({ length: this.count }, (_, index) => index);
    rows.sort((a, b) => this.#compare(a, b) || a - b);
    return rows.filter((row, index) => {
      const next = rows[index + 1];
      return next === undefined || this.#compare(row, next) !== 0;
    });
  }

  #compare(a: number, b: number): number {
    return compareBytes(
      this.bytes,
      this.fieldStarts[a] ?? 0,
      this.valueStarts[a] ?? 0,
      this.fieldStarts[b] ?? 0,
      this.valueStarts[b] ?? 0,
    );
  }

  #take(rows: readonly number[]): void {
    const taken = rows.map((row) => ({
      field: this.fieldStarts[row] ?? 0,
      value: this.valueStarts[row] ?? 0,
      end: this.valueEnds[row] ?? 0,
    }));
    this.count = 0;
    for (const { field, value, end } of taken) this.push(field, value, end);
  }
}

function sizeAt(sizes: Uint32Array, index: number): number {
  return sizes[index] ?? Number.NaN;
}

function shortBatch(batch: KvBatch, row: number): ServeBatchError {
  return new ServeBatchError(
    'INTERNAL',
    `A batch for the store says it has ${batch.rows} rows, but the key, field or value of row ${row} is not in it.`,
  );
}
