import { ByteWriter } from '../../byte-writer.ts';
import { type BatchPlace, type RowGroup, RowGrouper } from '../../group-rows.ts';
import type { KvBatch, StagedCounts } from '../../store.ts';
import type { TakenGroups } from '../redis-commands.ts';
import type { StagedShard } from '../redis-servers.ts';

/** Where the commands of a shard go: over one connection, or one for each of several servers. */
export interface ShardSink {
  put(group: RowGroup): void;
  /** Null: the groups are put one by one. */
  readonly putMany: ((batch: KvBatch, from: BatchPlace) => TakenGroups) | null;
  /** Whether {@link send} should be called before more is put. */
  readonly isFull: boolean;
  send(): Promise<void>;
  /** Once every command was carried out: how many values there were not before. */
  finish(staged: Pick<StagedCounts, 'keys' | 'values'>): Promise<number>;
}

/** Turns the rows of one shard into groups of one key, and counts them. */
export class RedisShardWriter {
  readonly #sink: ShardSink;
  /** Of what stands before every key of the generation. */
  readonly #prefixBytes: number;
  readonly #grouper: RowGrouper;
  readonly #counts = { keys: 0, values: 0, bytes: 0 };
  readonly #firstKey = new ByteWriter(64);
  readonly #lastKey = new ByteWriter(64);

  constructor(sink: ShardSink, prefixBytes: number) {
    this.#sink = sink;
    this.#prefixBytes = prefixBytes;
    const { putMany } = sink;
    const lane =
      putMany === null ? null : (batch: KvBatch, from: BatchPlace) => this.#countMany(putMany(batch, from));
    this.#grouper = new RowGrouper((group) => this.#put(group), lane);
  }

  async write(batch: KvBatch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#grouper.add(batch);
    if (this.#sink.isFull) await this.#sink.send();
  }

  /** Returns once the server has acknowledged every command. */
  async finish(): Promise<StagedShard> {
    this.#grouper.end();
    const created = await this.#sink.finish(this.#counts);
    return {
      ...this.#counts,
      receipt: {
        created,
        firstKey: this.#textOf(this.#firstKey),
        lastKey: this.#textOf(this.#lastKey),
      },
    };
  }

  #textOf(key: ByteWriter): string | null {
    return this.#counts.keys === 0 ? null : key.view().toString('utf8');
  }

  /** The first key and the last are never among them. */
  #countMany(taken: TakenGroups): BatchPlace {
    this.#counts.keys += taken.keys;
    this.#counts.values += taken.values;
    this.#counts.bytes += taken.bytes;
    return taken;
  }

  #put(group: RowGroup): void {
    this.#sink.put(group);
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
