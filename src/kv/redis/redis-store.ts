import type { Redis } from 'ioredis';
import type { Clock } from '../../core/effects.ts';
import type { KvLayout } from '../../core/plan.ts';
import { generationsOf } from '../canary.ts';
import { parseInfo } from '../generation-info.ts';
import { KeySet } from '../key-set.ts';
import { checkGeneration, checkJobName } from '../names.ts';
import { countsOf, formatMark, parseMark, type StagedMark } from '../staged-mark.ts';
import type {
  Canary,
  Fence,
  Flip,
  GenerationCopy,
  GenerationCounts,
  GenerationInfo,
  KvStore,
  Shown,
  StagedCounts,
  StageRequest,
  ValueAddress,
} from '../store.ts';
import { dropCurrentError, fencedError, missingGenerationError } from '../store-errors.ts';
import { RedisHashReader } from './hash/redis-hash-reader.ts';
import { RedisPackedReader } from './packed/redis-packed-reader.ts';
import { countByMarks } from './redis-account.ts';
import { RedisBulk } from './redis-bulk.ts';
import { canaryText, parseCanaryOf } from './redis-canary.ts';
import { RedisConnection, type RedisTimeouts } from './redis-connection.ts';
import { copyGeneration } from './redis-copy.ts';
import { BASE_FIELD, INFO_FIELD, LAYOUT_FIELD, RedisKeys, SHARD_FIELD } from './redis-keys.ts';
import { RedisLayouts } from './redis-layouts.ts';
import { pipelineTexts, type RedisReader, readHash, texts } from './redis-reader.ts';
import { rehearse } from './redis-rehearsal.ts';
import {
  CLAIM,
  FLIP_FIELDS,
  FORGET,
  KEYS_BESIDE,
  PUBLISH,
  RETIRE,
  SCAN_SIZES,
  UNLINK,
  WITHDRAW,
} from './redis-scripts.ts';
import { RedisShardWriter } from './redis-shard-writer.ts';
import type { RedisTarget } from './redis-url.ts';

/** Keys that the server looks at in one step of SCAN: about a millisecond of its time. */
const SCAN_COUNT = 2_000;
/** Commands sent together when many values are read. */
const READS_PER_PIPELINE = 1_000;

export interface RedisStoreOptions {
  readonly target: RedisTarget;
  readonly job: string;
  readonly clock: Clock;
  readonly timeouts?: RedisTimeouts;
}

/**
 * Redis as the store; {@link RedisKeys} says which keys there are.
 *
 * Where rows with one key and field lie in several shards, the shard that is staged last wins: Redis
 * cannot tell the order of shards. Callers who need it must not split such rows.
 */
export class RedisStore implements KvStore {
  readonly url: string;
  readonly mayEvict = true;
  readonly #job: string;
  readonly #clock: Clock;
  readonly #connection: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #layouts: RedisLayouts;
  readonly #readers: Readonly<Record<KvLayout, RedisReader>>;

  constructor(options: RedisStoreOptions) {
    checkJobName(options.job);
    this.url = options.target.url;
    this.#job = options.job;
    this.#clock = options.clock;
    this.#connection = new RedisConnection(options.target, options.timeouts);
    this.#keys = new RedisKeys(options.job);
    this.#layouts = new RedisLayouts(this.#keys);
    this.#readers = { hash: new RedisHashReader(this.#keys), packed: new RedisPackedReader(this.#keys) };
  }

  async ping(): Promise<void> {
    await this.#connection.run((redis) => rehearse(redis, this.#job));
    // Loading logs in by itself, and is stricter: ioredis overlooks a password that the server does not want.
    const bulk = await RedisBulk.connect(this.#connection.target, this.#connection.timeouts);
    bulk.close();
  }

  async stage(request: StageRequest): Promise<StagedCounts> {
    const { generation, layout, shard, ttlSeconds } = request;
    checkGeneration(generation);
    const expiresAtMs = ttlSeconds === null ? null : this.#nowMs() + ttlSeconds * 1000;
    await this.#register(generation);
    const bulk = await RedisBulk.connect(this.#connection.target, this.#connection.timeouts);
    try {
      // On the same connection, before any value: readers have to know how to read it. Not HSET: its answer is
      // a number, and those are counted as values.
      bulk.command(['HMSET', this.#keys.meta(generation), LAYOUT_FIELD, layout]);
      const writer = new RedisShardWriter(bulk, this.#keys, request);
      for await (const batch of request.batches) await writer.write(batch, request.signal);
      request.signal.throwIfAborted();
      const counts = await writer.finish();
      // On the same connection as the values: a server that lost them since has closed it.
      const mark = formatMark({ ...counts, expiresAtMs });
      bulk.command(['HSET', this.#keys.meta(generation), `${SHARD_FIELD}${shard}`, mark]);
      await bulk.finish();
      return countsOf(counts);
    } finally {
      bulk.close();
    }
  }

  async extend(generation: string, { of, layout }: GenerationCopy): Promise<boolean> {
    checkGeneration(generation);
    const [base, begun] = await this.#connection.run((redis) =>
      Promise.all([
        redis.hmget(this.#keys.meta(of), LAYOUT_FIELD, INFO_FIELD),
        redis.hget(this.#keys.meta(generation), BASE_FIELD),
      ]),
    );
    if (begun === of) return true;
    const [held, info] = base;
    if (info == null || (held ?? 'hash') !== layout) return false;
    await this.#register(generation);
    await copyGeneration(this.#connection, this.#keys, {
      from: of,
      to: generation,
      scanCount: SCAN_COUNT,
    });
    return true;
  }

  async stagedShards(generation: string): Promise<ReadonlyMap<number, StagedCounts>> {
    const marks = await this.#marks(generation);
    return new Map([...marks].map(([shard, mark]) => [shard, countsOf(mark)]));
  }

  async #marks(generation: string): Promise<ReadonlyMap<number, StagedMark>> {
    const marks = new Map<number, StagedMark>();
    const meta = this.#keys.meta(generation);
    for (const [field, text] of await this.#connection.run((redis) => readHash(redis, meta))) {
      if (!field.startsWith(SHARD_FIELD)) continue;
      const mark = parseMark(text, this.#nowMs());
      if (mark !== undefined) marks.set(Number(field.slice(SHARD_FIELD.length)), mark);
    }
    return marks;
  }

  async describe(generation: string, info: GenerationInfo): Promise<void> {
    checkGeneration(generation);
    await this.#register(generation);
    const meta = this.#keys.meta(generation);
    await this.#connection.run((redis) => redis.hset(meta, INFO_FIELD, JSON.stringify(info)));
  }

  async info(generation: string): Promise<GenerationInfo | undefined> {
    const text = await this.#connection.run((redis) => redis.hget(this.#keys.meta(generation), INFO_FIELD));
    return text === null ? undefined : parseInfo(text);
  }

  /**
   * Where the server's answers to staging and the number of keys in its database leave no room for a key
   * that is missing, that is the count. Else every key is visited: two microseconds of the server for each.
   */
  async count(generation: string): Promise<GenerationCounts> {
    checkGeneration(generation);
    return (await this.#countByAccount(generation)) ?? (await this.#countByVisit(generation));
  }

  async #countByAccount(generation: string): Promise<GenerationCounts | undefined> {
    const counts = await this.#account(generation);
    if (counts === undefined) return undefined;
    const metas: string[] = [];
    let keys = 0;
    for (const each of await this.generations()) {
      const others = await this.#account(each);
      if (others === undefined) return undefined;
      metas.push(this.#keys.meta(each));
      keys += others.keys;
    }
    const { pointer, canary, generations, fence, ping } = this.#keys;
    const own = [pointer, canary, generations, fence, ping, ...metas];
    const others = await this.#connection.run((redis) => redis.eval(KEYS_BESIDE, own.length, ...own));
    return others === keys ? counts : undefined;
  }

  /** Marks do not say what of a copy is there, nor which of its keys a shard has written to again. */
  async #account(generation: string): Promise<GenerationCounts | undefined> {
    const isCopy = await this.#connection.run((redis) =>
      redis.hexists(this.#keys.meta(generation), BASE_FIELD),
    );
    return isCopy === 1 ? undefined : countByMarks(await this.#marks(generation));
  }

  async #countByVisit(generation: string): Promise<GenerationCounts> {
    const meta = this.#keys.meta(generation);
    const pattern = this.#keys.seriesPattern(generation);
    // SCAN may name a key twice while the server resizes its table.
    const seen = new KeySet();
    let values = 0;
    let cursor = '0';
    do {
      const from = cursor;
      const page = await this.#connection.run((redis) =>
        redis.eval(SCAN_SIZES, 1, meta, from, pattern, SCAN_COUNT),
      );
      const [next, ...sizes] = texts(page);
      for (let at = 0; at + 1 < sizes.length; at += 2)
        if (seen.add(sizes[at] ?? '')) values += Number(sizes[at + 1]);
      cursor = next ?? '0';
    } while (cursor !== '0');
    return { keys: seen.size, values };
  }

  async current(): Promise<string | undefined> {
    return (await this.shown())?.generation;
  }

  async shown(): Promise<Shown | undefined> {
    // In this order, each with a command that readers may always use: where a publication comes between the two, the
    // canary that it ended stands beside another generation, and counts as not being there.
    const { pointer, canary } = this.#keys;
    const [text, generation] = await this.#connection.run(async (redis) =>
      pipelineTexts(await redis.pipeline().get(canary).get(pointer).exec()),
    );
    return generation === undefined
      ? undefined
      : { generation, canary: parseCanaryOf(generation, text ?? null) };
  }

  async lastFlip(): Promise<Flip | undefined> {
    const { fence } = this.#keys;
    const generation = await this.current();
    if (generation === undefined) return undefined;
    const [flipped, lineage, token] = await this.#connection.run((redis) =>
      redis.hmget(fence, ...FLIP_FIELDS),
    );
    // An earlier version moves the pointer, and leaves these fields as they were.
    const isKnown = flipped === generation && typeof lineage === 'string' && typeof token === 'string';
    return { generation, fence: isKnown ? { lineage, token: Number(token) } : null };
  }

  async claim(fence: Fence): Promise<void> {
    await this.#fenced(CLAIM, fence);
  }

  async publish(generation: string, fence: Fence, canary: Canary | null = null): Promise<void> {
    const shown = generationsOf({ generation, canary });
    for (const each of shown) checkGeneration(each);
    const names = [...[this.#keys.pointer, this.#keys.canary], ...shown.map((each) => this.#keys.meta(each))];
    const values = [generation, ...(canary === null ? [] : [canaryText(generation, canary)])];
    const answer = await this.#fenced(PUBLISH, fence, names, values);
    if (answer === 'missing') throw missingGenerationError(this.#job, shown.join(' or '), this.url);
  }

  async withdraw(fence: Fence): Promise<void> {
    await this.#fenced(WITHDRAW, fence, [this.#keys.pointer, this.#keys.canary]);
  }

  /** Runs a script that does nothing where a newer token was here. Throws `FENCED` then. */
  async #fenced(
    script: string,
    fence: Fence,
    keys: readonly string[] = [],
    values: readonly string[] = [],
  ): Promise<unknown> {
    const names = [this.#keys.fence, ...keys];
    const answer = await this.#connection.run((redis) =>
      redis.eval(script, names.length, ...names, fence.lineage, fence.token, ...values),
    );
    if (/^\d+$/.test(String(answer))) throw fencedError(this.#job, Number(answer), fence);
    return answer;
  }

  async generations(): Promise<readonly string[]> {
    const names = await this.#connection.run((redis) => redis.smembers(this.#keys.generations));
    return names.sort();
  }

  async drop(generation: string, fence: Fence): Promise<void> {
    checkGeneration(generation);
    this.#layouts.forget(generation);
    const { pointer, canary, generations } = this.#keys;
    const meta = this.#keys.meta(generation);
    const retired = await this.#fenced(RETIRE, fence, [pointer, canary, meta], [generation]);
    if (retired === 'current') throw dropCurrentError(this.#job, generation);
    const pattern = this.#keys.seriesPattern(generation);
    let cursor = '0';
    do {
      const from = cursor;
      const [next, keys] = await this.#connection.run((redis) =>
        redis.scan(from, 'MATCH', pattern, 'COUNT', SCAN_COUNT),
      );
      // Whoever took the job over meanwhile may be loading this very generation again.
      if (keys.length > 0) await this.#fenced(UNLINK, fence, keys);
      cursor = next;
    } while (cursor !== '0');
    // Last: a drop that was cut short is still known, and can be done again.
    await this.#fenced(FORGET, fence, [generations], [generation]);
  }

  async get(generation: string, key: string, field: string | null): Promise<string | undefined> {
    return this.#read(generation, (reader, redis) => reader.get(redis, generation, { key, field }));
  }

  async getSeries(generation: string, key: string): Promise<ReadonlyMap<string, string> | undefined> {
    const series = await this.#read(generation, (reader, redis) => reader.getSeries(redis, generation, key));
    return series && new Map(series.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async getMany(generation: string, keys: readonly ValueAddress[]): Promise<readonly (string | undefined)[]> {
    const found: (string | undefined)[] = [];
    for (let start = 0; start < keys.length; start += READS_PER_PIPELINE) {
      const some = keys.slice(start, start + READS_PER_PIPELINE);
      found.push(
        ...(await this.#read(generation, (reader, redis) => reader.getMany(redis, generation, some))),
      );
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #read<T>(generation: string, read: (reader: RedisReader, redis: Redis) => Promise<T>): Promise<T> {
    return this.#connection.run(async (redis) => {
      const layout = this.#layouts.kept(generation) ?? (await this.#layouts.find(redis, generation));
      return read(this.#readers[layout], redis);
    });
  }

  /** Before the first write, so that a generation that was staged in part can be found and dropped. */
  async #register(generation: string): Promise<void> {
    await this.#connection.run((redis) => redis.sadd(this.#keys.generations, generation));
  }

  #nowMs(): number {
    return this.#clock.now().getTime();
  }
}
