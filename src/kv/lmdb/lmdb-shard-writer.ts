import { ByteWriter } from '../byte-writer.ts';
import { type RowGroup, RowGrouper } from '../group-rows.ts';
import { formatMark } from '../staged-mark.ts';
import type { KvBatch, StagedCounts } from '../store.ts';
import { type KeptBatch, takeKeptBatch } from './kept-batch.ts';
import { writeEntry } from './lmdb-entry.ts';
import { type LmdbFile, writeTransaction } from './lmdb-file.ts';
import { EntryKeyWriter, metaKey, SHARD } from './lmdb-key.ts';

/**
 * Rows that wait for one transaction: some megabytes. Each transaction is flushed to disk once, and each
 * begins by reading pages of the file, which count as memory of the process from then on: with small ones
 * it would come to seem to hold half of the file.
 */
const ROWS_PER_TRANSACTION = 131_072;

/** Writes the groups of one shard and counts them. */
export class LmdbShardWriter {
  readonly #file: LmdbFile;
  readonly #shard: number;
  readonly #expiresAtMs: number | null;
  readonly #grouper = new RowGrouper((group) => this.#put(group));
  readonly #keys = new EntryKeyWriter();
  readonly #entry = new ByteWriter(64 * 1024);
  readonly #counts = { keys: 0, values: 0, bytes: 0 };
  #waiting: { readonly batch: KvBatch; readonly kept: KeptBatch }[] = [];
  #waitingRows = 0;

  constructor(file: LmdbFile, shard: number, expiresAtMs: number | null) {
    this.#file = file;
    this.#shard = shard;
    this.#expiresAtMs = expiresAtMs;
  }

  /** Takes a batch; once enough rows have come, they are written in one transaction. */
  write(batch: KvBatch): void {
    const kept = takeKeptBatch();
    this.#waiting.push({ kept, batch: kept.copyOf(batch) });
    this.#waitingRows += batch.rows;
    if (this.#waitingRows >= ROWS_PER_TRANSACTION) writeTransaction(this.#file, () => this.#group());
  }

  /** The mark is committed with the last group or after it: where it stands, the shard is complete. */
  finish(): StagedCounts {
    writeTransaction(this.#file, (db) => {
      this.#group();
      this.#grouper.end();
      const mark = formatMark({ ...this.#counts, expiresAtMs: this.#expiresAtMs, receipt: null });
      db.putSync(metaKey(`${SHARD}${this.#shard}`), Buffer.from(mark));
    });
    return { ...this.#counts };
  }

  #group(): void {
    for (const { batch, kept } of this.#waiting) {
      this.#grouper.add(batch);
      kept.giveBack();
    }
    this.#waiting = [];
    this.#waitingRows = 0;
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
