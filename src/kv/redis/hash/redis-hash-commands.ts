import type { BatchPlace, RowGroup } from '../../group-rows.ts';
import type { KvBatch } from '../../store.ts';
import type { RedisBulk } from '../load/redis-bulk.ts';
import type { RedisCommands, TakenGroups } from '../redis-commands.ts';
import { dumpBytes, putDump, readDump } from './dumped-hash.ts';
import { RestoreKernel } from './restore-kernel.ts';

/** Keys after which it counts whether they were there already. */
const KEYS_TO_JUDGE = 1_000;

/**
 * Where the job has fields, a RESTORE of the whole hash, which the server takes as it is; it refuses where the key is
 * there already, since rows of a key may lie in several shards, and a shard may be staged again. Then, for hashes that
 * are too large, and for servers that take none, an HSET with all fields, and an EXPIRE where they are to end. Where
 * most keys are there already, nothing but HSET.
 *
 * Where the job has no field, a SET.
 */
export class RedisHashCommands implements RedisCommands {
  readonly #bulk: RedisBulk;
  readonly #prefix: Buffer;
  readonly #ttlSeconds: string | null;
  readonly #takesDumps: boolean;
  readonly #ttlMilliseconds: string;
  readonly #kernel: RestoreKernel;
  #hasFields = false;
  /** Keys and values of RESTOREs, those that were refused included. */
  readonly #restored = { keys: 0, values: 0 };
  readonly #refused = { keys: 0, values: 0 };
  #expires = 0;

  /**
   * @param prefix of every key of the generation
   * @param takesDumps whether the server makes hashes of what DUMP gives
   */
  constructor(bulk: RedisBulk, prefix: Buffer, ttlSeconds: string | null, takesDumps = false) {
    this.#bulk = bulk;
    this.#prefix = prefix;
    this.#ttlSeconds = ttlSeconds;
    this.#takesDumps = takesDumps;
    this.#ttlMilliseconds = ttlSeconds === null ? '0' : `${ttlSeconds}000`;
    this.#kernel = new RestoreKernel(prefix, this.#ttlMilliseconds, (commands, starts) =>
      bulk.append(commands, starts),
    );
    if (takesDumps) bulk.onNils((commands) => this.#addTo(commands));
  }

  /** RESTOREs of as many groups as possible. */
  putMany(batch: KvBatch, from: BatchPlace): TakenGroups {
    if (!this.#restores) return { ...from, keys: 0, values: 0, bytes: 0 };
    const taken = this.#kernel.take(batch, from);
    this.#restored.keys += taken.keys;
    this.#restored.values += taken.values;
    return taken;
  }

  put(group: RowGroup): void {
    this.#hasFields = group.hasFields;
    const mostBytes = group.hasFields && this.#restores ? dumpBytes(group) : 0;
    if (mostBytes > 0) this.#restore(group, mostBytes);
    else this.#set(group);
  }

  /** HSET answers how many fields are new, and each EXPIRE 1; SET and RESTORE only OK. */
  created(staged: { readonly values: number }): number {
    if (!this.#hasFields) return staged.values;
    return this.#bulk.repliedSum - this.#expires + this.#restored.values - this.#refused.values;
  }

  get #restores(): boolean {
    const [restored, refused] = [this.#restored.keys, this.#refused.keys];
    return this.#takesDumps && (restored < KEYS_TO_JUDGE || refused * 2 < restored);
  }

  #restore(group: RowGroup, mostBytes: number): void {
    const { bytes, keyStart, keyEnd, count } = group;
    const bulk = this.#bulk;
    bulk.begin(4);
    bulk.part('RESTORE');
    bulk.piece(bytes, keyStart, keyEnd, this.#prefix);
    bulk.part(this.#ttlMilliseconds);
    bulk.made(mostBytes, (target, at) => putDump(target, at, group));
    this.#restored.keys++;
    this.#restored.values += count;
  }

  #set({ bytes, keyStart, keyEnd, count, hasFields, fieldStarts, valueStarts, valueEnds }: RowGroup): void {
    const bulk = this.#bulk;
    bulk.begin(hasFields ? 2 + count * 2 : 3);
    bulk.part(hasFields ? 'HSET' : 'SET');
    bulk.piece(bytes, keyStart, keyEnd, this.#prefix);
    for (let index = 0; index < count; index++) {
      const valueStart = valueStarts[index] as number;
      if (hasFields) bulk.piece(bytes, fieldStarts[index] as number, valueStart);
      bulk.piece(bytes, valueStart, valueEnds[index] as number);
    }
    this.#expire(bytes, keyStart, keyEnd, this.#prefix);
  }

  /** Adds the fields of refused hashes to what is there. */
  #addTo(refused: readonly (readonly Buffer[])[]): void {
    const bulk = this.#bulk;
    for (const [, key, , dump] of refused) {
      if (key === undefined || dump === undefined) continue;
      const texts = readDump(dump);
      bulk.begin(2 + texts.length);
      bulk.part('HSET');
      bulk.piece(key, 0, key.length);
      for (const text of texts) bulk.piece(text, 0, text.length);
      this.#expire(key, 0, key.length);
      this.#refused.keys++;
      this.#refused.values += texts.length / 2;
    }
  }

  #expire(key: Buffer, start: number, end: number, prefix?: Buffer): void {
    const ttlSeconds = this.#ttlSeconds;
    if (ttlSeconds === null) return;
    this.#bulk.begin(3);
    this.#bulk.part('EXPIRE');
    this.#bulk.piece(key, start, end, prefix);
    this.#bulk.part(ttlSeconds);
    this.#expires++;
  }
}
