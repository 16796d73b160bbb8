import { type RowGroup, RowGrouper } from './group-rows.ts';
import type { RedisBulk } from './redis-bulk.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { KvBatch, StagedCounts } from './store.ts';

/** Rows encoded before it is looked whether a chunk is full. */
const ROWS_PER_STEP = 2_048;

/** Turns the rows of one shard into commands: one HSET (or SET) a key, and an EXPIRE where it is to end. */
export class RedisShardWriter {
  readonly #bulk: RedisBulk;
  readonly #keyPrefix: string;
  readonly #ttlSeconds: string | null;
  readonly #grouper = new RowGrouper((group) => this.#put(group));
  readonly #counts = { keys: 0, values: 0, bytes: 0 };

  constructor(bulk: RedisBulk, keys: RedisKeys, generation: string, ttlSeconds: number | null) {
    this.#bulk = bulk;
    this.#keyPrefix = keys.series(generation, '');
    this.#ttlSeconds = ttlSeconds === null ? null : String(Math.max(1, Math.ceil(ttlSeconds)));
  }

  async write(batch: KvBatch, signal: AbortSignal): Promise<void> {
    for (let rowStart = 0; rowStart < batch.rows; rowStart += ROWS_PER_STEP) {
      signal.throwIfAborted();
      this.#grouper.add(batch, rowStart, Math.min(rowStart + ROWS_PER_STEP, batch.rows));
      if (this.#bulk.isFull) await this.#bulk.send();
    }
  }

  /** Returns once the server has acknowledged every command. */
  async finish(): Promise<StagedCounts> {
    this.#grouper.end();
    await this.#bulk.finish();
    return { ...this.#counts };
  }

  #put(group: RowGroup): void {
    const key = this.#keyPrefix + group.key;
    const bytes =
      group.fields === null ? this.#set(key, group.values) : this.#hashSet(key, group.fields, group.values);
    if (this.#ttlSeconds !== null) this.#bulk.command(['EXPIRE', key, this.#ttlSeconds]);
    this.#counts.keys++;
    this.#counts.values += group.values.length;
    this.#counts.bytes += bytes;
  }

  #set(key: string, values: readonly string[]): number {
    this.#bulk.begin(3);
    this.#bulk.part('SET');
    return this.#bulk.part(key) + this.#bulk.part(values[0] ?? '');
  }

  #hashSet(key: string, fields: readonly string[], values: readonly string[]): number {
    this.#bulk.begin(2 + fields.length * 2);
    this.#bulk.part('HSET');
    let bytes = this.#bulk.part(key);
    for (let index = 0; index < fields.length; index++)
      bytes += this.#bulk.part(fields[index] ?? '') + this.#bulk.part(values[index] ?? '');
    return bytes;
  }
}
