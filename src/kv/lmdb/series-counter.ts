import type { GenerationCounts } from '../store.ts';
import type { LmdbEntry } from './lmdb-entry.ts';
import { sameSeries } from './lmdb-key.ts';

/** Counts distinct keys and fields, as entries of one key come one after the other. */
export class SeriesCounter {
  #key: Buffer | undefined;
  #entry: LmdbEntry | undefined;
  /** The fields of the current key, once it has turned out to lie in several shards. */
  #fields: Map<string, string> | undefined;
  #keys = 0;
  #values = 0;

  add(key: Buffer, entry: LmdbEntry): void {
    if (this.#key !== undefined && sameSeries(this.#key, key)) this.#merge(entry);
    else this.#begin(key, entry);
  }

  /** Copies what it still needs of the entries it was given: their memory may go. */
  detach(): void {
    if (this.#key !== undefined) this.#key = Buffer.from(this.#key);
    this.#entry = this.#entry?.copy();
  }

  counts(): GenerationCounts {
    return { keys: this.#keys, values: this.#values };
  }

  #begin(key: Buffer, entry: LmdbEntry): void {
    this.#key = key;
    this.#entry = entry;
    this.#fields = undefined;
    this.#keys++;
    this.#values += entry.hasFields ? entry.fieldCount() : 1;
  }

  #merge(entry: LmdbEntry): void {
    if (!entry.hasFields) return;
    if (this.#fields === undefined) {
      this.#fields = new Map();
      if (this.#entry?.hasFields) this.#entry.readInto(this.#fields);
    }
    const before = this.#fields.size;
    entry.readInto(this.#fields);
    this.#values += this.#fields.size - before;
  }
}
