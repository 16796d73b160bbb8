import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../core/effects.ts';
import { parseInfo } from '../generation-info.ts';
import { countsOf, parseMark, type StagedMark } from '../staged-mark.ts';
import type { GenerationCounts, GenerationInfo, StagedCounts, StageRequest } from '../store.ts';
import { LmdbEntry } from './lmdb-entry.ts';
import { lmdbError } from './lmdb-error.ts';
import { flushLmdbFile, type LmdbFile, openLmdbFile, writeTransaction } from './lmdb-file.ts';
import {
  ENTRIES_END,
  ENTRIES_START,
  entryKey,
  META_END,
  metaKey,
  metaName,
  type SeriesRange,
  SHARD,
  sameSeries,
  seriesOf,
  seriesRange,
  shardOf,
} from './lmdb-key.ts';
import { LmdbShardWriter } from './lmdb-shard-writer.ts';
import { SeriesCounter } from './series-counter.ts';

/** Entries counted before other work of this process gets its turn. */
const ENTRIES_PER_TURN = 10_000;
/** Pages of the file that are read before they are given back. */
const PAGES_PER_MAPPING = 2_000;
/** Keys that are removed in one transaction. */
const KEYS_PER_REMOVAL = 100_000;

/** Asking so many shards for their entry of a key takes less than a range over all of them. */
const FEW_SHARDS = 3;
/** How long the list of shards is believed. */
const SHARDS_MS = 1_000;

/** Keys in several shards that are looked at one by one. */
const MAX_SHARED_KEYS = 10_000;

/** Of what lmdb-js tells of a file. */
interface LmdbStats {
  readonly entryCount: number;
  readonly treeLeafPageCount: number;
  /** Of values that are too large for a leaf. */
  readonly overflowPages: number;
}

/** How far the keys of a file were read. */
interface KeyPlace {
  /** The key behind which the next piece begins; null: there is none. */
  next: Buffer | null;
  visited: number;
}

const INFO = 'info';
const BASE = 'base';
const FLUSH_MARKER = metaKey('flushed');

/** One generation in one LMDB file; several processes may have it open, and write to it, at once. */
export class LmdbGeneration {
  #file: LmdbFile;
  readonly #clock: Clock;
  /** The shards, where they are few. */
  #fewShards: readonly number[] = [];
  #fewShardsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(path: string, clock: Clock) {
    this.#file = openLmdbFile(path);
    this.#clock = clock;
  }

  async stage(request: StageRequest): Promise<StagedCounts> {
    const { shard, ttlSeconds, signal } = request;
    const expiresAtMs = ttlSeconds === null ? null : this.#nowMs() + ttlSeconds * 1000;
    const staging = new LmdbShardWriter(this.#file, shard, expiresAtMs);
    for await (const batch of request.batches()) {
      signal.throwIfAborted();
      staging.write(batch);
      await setImmediate();
    }
    signal.throwIfAborted();
    const counts = staging.finish();
    this.refresh();
    return counts;
  }

  /**
   * Makes sure that reads see what was committed until now. Of itself lmdb-js reads one snapshot for a
   * turn of the event loop: enough for a generation that is published, and does not change any more.
   */
  refresh(): void {
    this.#file.db.resetReadTxn();
    this.#fewShardsUntilMs = Number.NEGATIVE_INFINITY;
  }

  stagedShards(): ReadonlyMap<number, StagedCounts> {
    return new Map([...this.#marks()].map(([shard, mark]) => [shard, countsOf(mark)]));
  }

  /** @param living without those whose values have come to their end */
  #marks({ living } = { living: true }): ReadonlyMap<number, StagedMark> {
    this.refresh();
    const shards = new Map<number, StagedMark>();
    for (const { key, value } of this.#range(metaKey(SHARD), META_END)) {
      const name = metaName(key);
      if (!name.startsWith(SHARD)) break;
      const mark = parseMark(value.toString('utf8'), living ? this.#nowMs() : 0);
      if (mark !== undefined) shards.set(Number(name.slice(SHARD.length)), mark);
    }
    return shards;
  }

  /** The generation that this one began as a copy of; undefined: none, or the copy was not finished. */
  base(): string | undefined {
    this.refresh();
    const text = this.#file.db.get(metaKey(BASE));
    return text === undefined ? undefined : Buffer.from(text).toString('utf8');
  }

  /**
   * Makes a copy of another generation's file one of its own. What has come to its end meanwhile goes: the file
   * would grow with each copy. The mark comes last, and a copy without it is made again.
   */
  async beginAs(base: string): Promise<void> {
    const over = [...this.#marks({ living: false })].flatMap(([shard, { expiresAtMs }]) =>
      expiresAtMs !== null && expiresAtMs <= this.#nowMs() ? [shard] : [],
    );
    if (over.length > 0) await this.#remove(new Set(over));
    writeTransaction(this.#file, (db) => {
      for (const shard of over) db.removeSync(metaKey(`${SHARD}${shard}`));
      db.removeSync(metaKey(INFO));
      db.putSync(metaKey(BASE), Buffer.from(base));
    });
  }

  /** Removes the entries of some shards. */
  async #remove(shards: ReadonlySet<number>): Promise<void> {
    let doomed: Buffer[] = [];
    const removeDoomed = (): void =>
      writeTransaction(this.#file, (db) => {
        for (const key of doomed) db.removeSync(key);
      });
    for await (const keys of this.#keys()) {
      for (const key of keys) if (shards.has(shardOf(key))) doomed.push(key);
      if (doomed.length < KEYS_PER_REMOVAL) continue;
      removeDoomed();
      doomed = [];
    }
    removeDoomed();
  }

  describe(info: GenerationInfo): void {
    writeTransaction(this.#file, (db) => db.putSync(metaKey(INFO), Buffer.from(JSON.stringify(info))));
  }

  /** Waits until all that was committed is on the disk. */
  flush(): Promise<void> {
    return flushLmdbFile(this.#file, FLUSH_MARKER);
  }

  info(): GenerationInfo | undefined {
    this.refresh();
    const text = this.#file.db.get(metaKey(INFO));
    return text === undefined ? undefined : parseInfo(Buffer.from(text).toString('utf8'));
  }

  /**
   * By the keys in the file, which takes a quarter of the time of reading every entry: where there are as
   * many as the marks of the shards say, which were committed with them, the marks say what is in them.
   */
  async count(): Promise<GenerationCounts> {
    await this.flush();
    this.refresh();
    return (await this.#countByKeys()) ?? (await this.#countByEntries());
  }

  async #countByKeys(): Promise<GenerationCounts | undefined> {
    const marks = [...this.#marks().values()];
    if (marks.some(({ expiresAtMs }) => expiresAtMs !== null)) return undefined;
    let values = marks.reduce((sum, mark) => sum + mark.values, 0);
    let entries = 0;
    let keys = 0;
    let previous: Buffer | undefined;
    let shared: Buffer | undefined;
    let sharedKeys = 0;
    for await (const piece of this.#keys()) {
      for (const key of piece) {
        entries++;
        if (previous === undefined || !sameSeries(previous, key)) keys++;
        else if (shared === undefined || !sameSeries(shared, key)) {
          shared = key;
          // Each of them is read: where most keys lie in several shards, reading all in order is quicker.
          if (++sharedKeys > MAX_SHARED_KEYS) return undefined;
          values -= this.#repeatedValues(key);
        }
        previous = key;
      }
    }
    const marked = marks.reduce((sum, mark) => sum + mark.keys, 0);
    return entries === marked ? { keys, values } : undefined;
  }

  /** Values of a series that another shard has too. */
  #repeatedValues(entryKey: Buffer): number {
    const series = seriesOf(entryKey);
    const counter = new SeriesCounter();
    let values = 0;
    for (const { key, value } of this.#range(series.start, series.end)) {
      const entry = new LmdbEntry(value);
      values += entry.hasFields ? entry.fieldCount() : 1;
      counter.add(key, entry);
    }
    return values - counter.counts().values;
  }

  /**
   * The keys of all entries, in pieces between which other work of this process gets its turn; each is to be read to
   * its end before the next. A list of them would outlive small collections, and wait for a full one.
   */
  async *#keys(): AsyncGenerator<Iterable<Buffer>> {
    const unmap = this.#unmapper();
    for (const place: KeyPlace = { next: ENTRIES_START, visited: 0 }; place.next !== null; ) {
      yield this.#keysFrom(place, place.next);
      await setImmediate();
      await unmap(place.visited);
    }
  }

  *#keysFrom(place: KeyPlace, start: Buffer): Generator<Buffer> {
    const exclusiveStart = place.visited > 0;
    let left = ENTRIES_PER_TURN;
    place.next = null;
    try {
      // lmdb-js copies keys, unlike values: they may be kept.
      for (const key of this.#file.db.getKeys({ start, end: ENTRIES_END, exclusiveStart, limit: left })) {
        place.visited++;
        if (--left === 0) place.next = key;
        yield key;
      }
    } catch (error) {
      throw lmdbError(error, this.#file.path);
    }
  }

  async #countByEntries(): Promise<GenerationCounts> {
    const nowMs = this.#nowMs();
    const counter = new SeriesCounter();
    const unmap = this.#unmapper();
    let visited = 0;
    let start: Buffer | null = ENTRIES_START;
    while (start !== null) {
      let last: Buffer | null = null;
      for (const { key, value } of this.#range(start, ENTRIES_END, visited > 0)) {
        const entry = new LmdbEntry(value);
        if (!hasExpired(entry, nowMs)) counter.add(key, entry);
        if (++visited % ENTRIES_PER_TURN === 0) {
          last = Buffer.from(key);
          break;
        }
      }
      counter.detach();
      start = last;
      await setImmediate();
      await unmap(visited);
    }
    return counter.counts();
  }

  get(key: string, field: string | null): string | undefined {
    const wanted = field === null ? null : Buffer.from(field);
    let found: string | undefined;
    for (const entry of this.#entries(key)) {
      if (entry.hasFields !== (wanted !== null)) continue;
      found = (wanted === null ? entry.plain() : entry.field(wanted)) ?? found;
    }
    return found;
  }

  getSeries(key: string): ReadonlyMap<string, string> | undefined {
    const series = new Map<string, string>();
    for (const entry of this.#entries(key)) if (entry.hasFields) entry.readInto(series);
    return series.size === 0 ? undefined : sortSeries(series);
  }

  async close(): Promise<void> {
    await this.#file.db.close();
  }

  /**
   * To be told how many entries were visited; now and then, of a large file, it gives back the pages that were read:
   * first of all those of staging.
   */
  #unmapper(): (visited: number) => Promise<void> {
    const { entryCount, treeLeafPageCount, overflowPages } = this.#file.db.getStats() as LmdbStats;
    const entriesPerMapping = PAGES_PER_MAPPING * (entryCount / (treeLeafPageCount + overflowPages));
    let next = entryCount > entriesPerMapping ? 0 : Number.POSITIVE_INFINITY;
    return async (visited) => {
      if (visited < next) return;
      next = visited + entriesPerMapping;
      await this.#unmap();
    };
  }

  /**
   * Opens the file anew. Pages of the file that were touched count as this process's memory until then:
   * without it a process that counts a large generation would seem to hold all of it.
   *
   * Not while others may open or close the file: the last to close it destroys LMDB's mutexes, and one that
   * waits to open it at that moment goes on with destroyed ones. Counting comes when staging is over.
   */
  async #unmap(): Promise<void> {
    const { path } = this.#file;
    await this.#file.db.close();
    this.#file = openLmdbFile(path);
  }

  /** The living entries of a key in the order of their shards. */
  #entries(key: string): LmdbEntry[] {
    const range = seriesRange(key);
    if (range === undefined) return [];
    try {
      const entries = this.#entriesOfShards(range, this.#shards());
      // Where they have none, a shard may have been staged since.
      return entries.length > 0 ? entries : this.#entriesInRange(range);
    } catch (error) {
      throw lmdbError(error, this.#file.path);
    }
  }

  #entriesOfShards(range: SeriesRange, shards: readonly number[]): LmdbEntry[] {
    const entries: LmdbEntry[] = [];
    for (const shard of shards) {
      const value = this.#file.db.get(entryKey(range, shard));
      if (value !== undefined) this.#addLiving(entries, value);
    }
    return entries;
  }

  #entriesInRange(range: SeriesRange): LmdbEntry[] {
    const entries: LmdbEntry[] = [];
    // Not #range: a generator for each read costs as much as a fifth of it.
    for (const { value } of this.#file.db.getRange(range)) this.#addLiving(entries, value);
    return entries;
  }

  #addLiving(entries: LmdbEntry[], value: Uint8Array): void {
    const entry = new LmdbEntry(bufferOf(value));
    if (entry.expiresAtMs === null || entry.expiresAtMs > this.#nowMs()) entries.push(entry);
  }

  /** Empty where they are many. */
  #shards(): readonly number[] {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#fewShardsUntilMs) return this.#fewShards;
    const shards = [...this.#marks({ living: false }).keys()].sort((a, b) => a - b);
    this.#fewShards = shards.length > FEW_SHARDS ? [] : shards;
    this.#fewShardsUntilMs = nowMs + SHARDS_MS;
    return this.#fewShards;
  }

  *#range(start: Buffer, end: Buffer, exclusiveStart = false): Generator<{ key: Buffer; value: Buffer }> {
    try {
      for (const { key, value } of this.#file.db.getRange({ start, end, exclusiveStart }))
        yield { key, value: bufferOf(value) };
    } catch (error) {
      throw lmdbError(error, this.#file.path);
    }
  }

  #nowMs(): number {
    return this.#clock.now().getTime();
  }
}

/** lmdb-js gives arrays of bytes, without the methods of a buffer. */
function bufferOf(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function hasExpired(entry: LmdbEntry, nowMs: number): boolean {
  return entry.expiresAtMs !== null && entry.expiresAtMs <= nowMs;
}

function sortSeries(series: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...series].sort(([a], [b]) => (a < b ? -1 : 1)));
}
