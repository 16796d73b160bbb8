import { ByteWriter } from './byte-writer.ts';
import { type RowGroup, RowGrouper } from './group-rows.ts';
import type { RedisBulk } from './redis-bulk.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { StagingReceipt } from './staged-mark.ts';
import type { KvBatch, StagedCounts } from './store.ts';

/** Turns the rows of one shard into commands: one HSET (or SET) a key, and an EXPIRE where it is to end. */
export class RedisShardWriter {
  readonly #bulk: RedisBulk;
  /** Of every key of the generation. */
  readonly #prefix: Buffer;
  readonly #ttlSeconds: string | null;
  readonly #grouper = new RowGrouper((group) => this.#put(group));
  readonly #counts = { keys: 0, values: 0, bytes: 0 };
  #hasFields = false;
  readonly #firstKey = new ByteWriter(64);
  readonly #lastKey = new ByteWriter(64);

  constructor(bulk: RedisBulk, keys: RedisKeys, generation: string, ttlSeconds: number | null) {
    this.#bulk = bulk;
    this.#prefix = Buffer.from(keys.series(generation, ''));
    this.#ttlSeconds = ttlSeconds === null ? null : String(Math.max(1, Math.ceil(ttlSeconds)));
  }

  async write(batch: KvBatch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#grouper.add(batch);
    if (this.#bulk.isFull) await this.#bulk.send();
  }

  /** Returns once the server has acknowledged every command. */
  async finish(): Promise<StagedCounts & { readonly receipt: StagingReceipt }> {
    this.#grouper.end();
    await this.#bulk.finish();
    return {
      ...this.#counts,
      receipt: {
        created: this.#created(),
        firstKey: this.#textOf(this.#firstKey),
        lastKey: this.#textOf(this.#lastKey),
      },
    };
  }

  /** HSET answers how many fields are new, SET only OK, and each EXPIRE 1. */
  #created(): number {
    if (!this.#hasFields) return this.#counts.values;
    return this.#bulk.repliedSum - (this.#ttlSeconds === null ? 0 : this.#counts.keys);
  }

  #textOf(key: ByteWriter): string | null {
    return this.#counts.keys === 0 ? null : key.view().toString('utf8');
  }

  #put(group: RowGroup): void {
    const { bytes, keyStart, keyEnd, count, hasFields, fieldStarts, valueStarts, valueEnds } = group;
    const bulk = this.#bulk;
    bulk.begin(hasFields ? 2 + count * 2 : 3);
    bulk.part(hasFields ? 'HSET' : 'SET');
    bulk.piece(bytes, keyStart, keyEnd, this.#prefix);
    for (let index = 0; index < count; index++) {
      const fieldStart = fieldStarts[index] ?? 0;
      const valueStart = valueStarts[index] ?? 0;
      const valueEnd = valueEnds[index] ?? 0;
      if (hasFields) bulk.piece(bytes, fieldStart, valueStart);
      bulk.piece(bytes, valueStart, valueEnd);
      this.#counts.bytes += valueEnd - fieldStart;
    }
    if (this.#ttlSeconds !== null) {
      bulk.begin(3);
      bulk.part('EXPIRE');
      bulk.piece(bytes, keyStart, keyEnd, this.#prefix);
      bulk.part(this.#ttlSeconds);
    }
    this.#hasFields = hasFields;
    if (this.#counts.keys === 0) this.#firstKey.piece(bytes, keyStart, keyEnd);
    this.#lastKey.clear();
    this.#lastKey.piece(bytes, keyStart, keyEnd);
    this.#counts.keys++;
    this.#counts.values += count;
    this.#counts.bytes += this.#prefix.length + keyEnd - keyStart;
  }
}
