import { ByteWriter } from '../../byte-writer.ts';
import type { RowGroup } from '../../group-rows.ts';
import { RedisHashCommands } from '../hash/redis-hash-commands.ts';
import type { RedisBulk } from '../load/redis-bulk.ts';
import type { RedisCommands } from '../redis-commands.ts';
import { FieldListWriter } from './field-list-writer.ts';
import type { PackedEntry, PackedMerges } from './packed-merges.ts';
import { countLines, writeLine, writeLineBreak } from './packed-text.ts';

/** What one call of the script merges at most: some milliseconds of the server, which does nothing else meanwhile. */
const KEYS_PER_MERGE = 100;
const VALUES_PER_MERGE = 5_000;

/**
 * One SET a key with the values of all its fields, where there is no such key yet. Where there is (rows of a
 * key may lie in several shards, and a shard may be staged again), a script in the server merges the fields.
 * Both are one step of the server, so that of several writers none loses what another wrote.
 */
export class RedisPackedCommands implements RedisCommands {
  readonly #bulk: RedisBulk;
  readonly #prefix: Buffer;
  readonly #ttlSeconds: string | null;
  readonly #merges: PackedMerges;
  readonly #lists: FieldListWriter;
  readonly #packed = new ByteWriter(1024);
  /** Rows of a job without field: nothing to pack. */
  readonly #plain: RedisHashCommands;
  /** Of commands that found a key there; what the merges create is in the replies. */
  #refusedValues = 0;

  /** @param prefix of every key of the generation */
  constructor(bulk: RedisBulk, prefix: Buffer, ttlSeconds: string | null, merges: PackedMerges) {
    this.#bulk = bulk;
    this.#prefix = prefix;
    this.#ttlSeconds = ttlSeconds;
    this.#merges = merges;
    this.#lists = new FieldListWriter((id, list) => merges.putList(id, list));
    this.#plain = new RedisHashCommands(bulk, prefix, ttlSeconds);
    bulk.onNils((commands) => this.#merge(commands));
  }

  put(group: RowGroup): void {
    if (!group.hasFields) {
      this.#plain.put(group);
      return;
    }
    const packed = this.#pack(group);
    const bulk = this.#bulk;
    bulk.begin(this.#ttlSeconds === null ? 4 : 6);
    bulk.part('SET');
    bulk.piece(group.bytes, group.keyStart, group.keyEnd, this.#prefix);
    bulk.piece(packed, 0, packed.length);
    if (this.#ttlSeconds !== null) {
      bulk.part('EX');
      bulk.part(this.#ttlSeconds);
    }
    bulk.part('NX');
  }

  created(staged: { readonly keys: number; readonly values: number }): number {
    return staged.values - this.#refusedValues + this.#bulk.repliedSum;
  }

  #pack(group: RowGroup): Buffer {
    const { bytes, count, valueStarts, valueEnds } = group;
    // Before the key that needs it, on the same connection: no key is ever there without its list.
    const id = this.#lists.idOf(group);
    this.#packed.clear();
    this.#packed.text(id);
    for (let index = 0; index < count; index++) {
      writeLineBreak(this.#packed);
      writeLine(this.#packed, bytes, valueStarts[index] as number, valueEnds[index] as number);
    }
    return this.#packed.view();
  }

  #merge(refused: readonly (readonly Buffer[])[]): void {
    let entries: PackedEntry[] = [];
    let values = 0;
    for (const [, key, packed] of refused) {
      if (key === undefined || packed === undefined) continue;
      const lines = countLines(packed);
      this.#refusedValues += lines;
      if (entries.length === KEYS_PER_MERGE || (values + lines > VALUES_PER_MERGE && entries.length > 0)) {
        this.#merges.merge(entries);
        entries = [];
        values = 0;
      }
      entries.push({ key, packed });
      values += lines;
    }
    if (entries.length > 0) this.#merges.merge(entries);
  }
}
