import { ByteWriter } from './byte-writer.ts';
import { type RowGroup, RowGrouper } from './group-rows.ts';
import { writeEntry } from './lmdb-entry.ts';
import { type LmdbFile, writeTransaction } from './lmdb-file.ts';
import { EntryKeyWriter, metaKey, SHARD } from './lmdb-key.ts';
import { formatMark } from './staged-mark.ts';
import type { KvBatch, StagedCounts } from './store.ts';

/** Writes the groups of one shard and counts them. */
export class LmdbShardWriter {
  readonly #file: LmdbFile;
  readonly #shard: number;
  readonly #expiresAtMs: number | null;
  readonly #grouper = new RowGrouper((group) => this.#put(group));
  readonly #keys = new EntryKeyWriter();
  readonly #entry = new ByteWriter(64 * 1024);
  readonly #counts = { keys: 0, values: 0, bytes: 0 };

  constructor(file: LmdbFile, shard: number, expiresAtMs: number | null) {
    this.#file = file;
    this.#shard = shard;
    this.#expiresAtMs = expiresAtMs;
  }

  /** Writes a batch in one transaction. */
  write(batch: KvBatch): void {
    writeTransaction(this.#file, () => this.#grouper.add(batch));
  }

  /** The mark is committed with the last group or after it: where it stands, the shard is complete. */
  finish(): StagedCounts {
    writeTransaction(this.#file, (db) => {
      this.#grouper.end();
      const mark = formatMark({ ...this.#counts, expiresAtMs: this.#expiresAtMs });
      db.putSync(metaKey(`${SHARD}${this.#shard}`), Buffer.from(mark));
    });
    return { ...this.#counts };
  }

  #put(group: RowGroup): void {
    const { bytes, keyStart, keyEnd, count } = group;
    const key = this.#keys.write(bytes, keyStart, keyEnd, this.#shard);
    this.#entry.clear();
    writeEntry(this.#entry, group, this.#expiresAtMs);
    this.#file.db.putSync(key, this.#entry.view());
    this.#counts.keys++;
    this.#counts.values += count;
    this.#counts.bytes += key.length + this.#entry.length;
  }
}
