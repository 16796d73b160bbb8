import { ByteWriter } from '../../byte-writer.ts';
import type { RowGroup } from '../../group-rows.ts';
import { RedisHashCommands } from '../hash/redis-hash-commands.ts';
import type { RedisBulk } from '../redis-bulk.ts';
import type { RedisCommands } from '../redis-commands.ts';
import { LIST_FIELD } from '../redis-keys.ts';
import { FieldListWriter } from './field-list-writer.ts';
import { countLines, writeLine, writeLineBreak } from './packed-text.ts';
import { MERGE_PACKED } from './redis-merge-script.ts';

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
  readonly #meta: string;
  readonly #ttlSeconds: string | null;
  readonly #lists = new FieldListWriter((id, list) => this.#putList(id, list));
  readonly #packed = new ByteWriter(1024);
  /** Rows of a job without field: nothing to pack. */
  readonly #plain: RedisHashCommands;
  /** Of commands that found a key there; what the merges create is in the replies. */
  #refusedValues = 0;

  /**
   * @param prefix of every key of the generation
   * @param meta the key that holds the lists of fields
   */
  constructor(bulk: RedisBulk, prefix: Buffer, meta: string, ttlSeconds: string | null) {
    this.#bulk = bulk;
    this.#prefix = prefix;
    this.#meta = meta;
    this.#ttlSeconds = ttlSeconds;
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

  /** HMSET and not HSET: it answers OK, and the numbers that are answered are counted as values. */
  #putList(id: string, list: Buffer): void {
    this.#bulk.begin(4);
    this.#bulk.part('HMSET');
    this.#bulk.part(this.#meta);
    this.#bulk.part(`${LIST_FIELD}${id}`);
    this.#bulk.piece(list, 0, list.length);
  }

  #merge(refused: readonly (readonly Buffer[])[]): void {
    let entries: Entry[] = [];
    let values = 0;
    for (const [, key, packed] of refused) {
      if (key === undefined || packed === undefined) continue;
      const lines = countLines(packed);
      this.#refusedValues += lines;
      if (entries.length === KEYS_PER_MERGE || (values + lines > VALUES_PER_MERGE && entries.length > 0)) {
        this.#mergeEntries(entries);
        entries = [];
        values = 0;
      }
      entries.push({ key, packed });
      values += lines;
    }
    this.#mergeEntries(entries);
  }

  #mergeEntries(entries: readonly Entry[]): void {
    const bulk = this.#bulk;
    bulk.begin(5 + entries.length * 2);
    bulk.part('EVAL');
    bulk.part(MERGE_PACKED);
    bulk.part(String(entries.length + 1));
    bulk.part(this.#meta);
    for (const { key } of entries) bulk.piece(key, 0, key.length);
    bulk.part(this.#ttlSeconds ?? '');
    for (const { packed } of entries) bulk.piece(packed, 0, packed.length);
  }
}

interface Entry {
  readonly key: Buffer;
  readonly packed: Buffer;
}
