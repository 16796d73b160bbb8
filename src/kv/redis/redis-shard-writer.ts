import { ByteWriter } from '../byte-writer.ts';
import { type RowGroup, RowGrouper } from '../group-rows.ts';
import type { StagingReceipt } from '../staged-mark.ts';
import type { KvBatch, StagedCounts, StageRequest } from '../store.ts';
import { RedisHashCommands } from './hash/redis-hash-commands.ts';
import { RedisPackedCommands } from './packed/redis-packed-commands.ts';
import type { RedisBulk } from './redis-bulk.ts';
import type { RedisCommands } from './redis-commands.ts';
import type { RedisKeys } from './redis-keys.ts';

/** Turns the rows of one shard into commands, and counts them. */
export class RedisShardWriter {
  readonly #bulk: RedisBulk;
  readonly #commands: RedisCommands;
  /** Of what stands before every key of the generation. */
  readonly #prefixBytes: number;
  readonly #grouper = new RowGrouper((group) => this.#put(group));
  readonly #counts = { keys: 0, values: 0, bytes: 0 };
  readonly #firstKey = new ByteWriter(64);
  readonly #lastKey = new ByteWriter(64);

  constructor(bulk: RedisBulk, keys: RedisKeys, request: Omit<StageRequest, 'batches'>) {
    const { generation, layout, ttlSeconds } = request;
    const prefix = Buffer.from(keys.series(generation, ''));
    const ttl = ttlSeconds === null ? null : String(Math.max(1, Math.ceil(ttlSeconds)));
    this.#bulk = bulk;
    this.#prefixBytes = prefix.length;
    this.#commands =
      layout === 'packed'
        ? new RedisPackedCommands(bulk, prefix, keys.meta(generation), ttl)
        : new RedisHashCommands(bulk, prefix, ttl);
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
        created: this.#commands.created(this.#counts),
        firstKey: this.#textOf(this.#firstKey),
        lastKey: this.#textOf(this.#lastKey),
      },
    };
  }

  #textOf(key: ByteWriter): string | null {
    return this.#counts.keys === 0 ? null : key.view().toString('utf8');
  }

  #put(group: RowGroup): void {
    this.#commands.put(group);
    const { bytes, keyStart, keyEnd, count, fieldStarts, valueEnds } = group;
    for (let index = 0; index < count; index++)
      this.#counts.bytes += (valueEnds[index] ?? 0) - (fieldStarts[index] ?? 0);
    if (this.#counts.keys === 0) this.#firstKey.piece(bytes, keyStart, keyEnd);
    this.#lastKey.clear();
    this.#lastKey.piece(bytes, keyStart, keyEnd);
    this.#counts.keys++;
    this.#counts.values += count;
    this.#counts.bytes += this.#prefixBytes + keyEnd - keyStart;
  }
}
