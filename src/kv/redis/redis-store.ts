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
import { dropCurrentError, missingGenerationError } from '../store-errors.ts';
import type { RedisClient } from './connection/redis-client.ts';
import { RedisFence } from './fence/redis-fence.ts';
import { RedisHashReader } from './hash/redis-hash-reader.ts';
import { RedisPackedReader } from './packed/redis-packed-reader.ts';
import { countByMarks } from './redis-account.ts';
import { canaryText, parseCanaryOf } from './redis-canary.ts';
import { copyGeneration } from './redis-copy.ts';
import { BASE_FIELD, INFO_FIELD, LAYOUT_FIELD, type RedisKeys, SHARD_FIELD } from './redis-keys.ts';
import { RedisLayouts } from './redis-layouts.ts';
import { pipelineTexts, type RedisReader, readHash } from './redis-reader.ts';
import { CLAIM, FLIP_FIELDS, FORGET, PUBLISH, RETIRE, WITHDRAW } from './redis-scripts.ts';
import type { RedisServers } from './redis-servers.ts';

/** Looks for keys that move between servers meanwhile. */
const VISITS = 3;
/** Commands sent together when many values are read. */
const READS_PER_PIPELINE = 1_000;

export interface RedisStoreOptions {
  readonly servers: RedisServers;
  readonly job: string;
  readonly clock: Clock;
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
  readonly #servers: RedisServers;
  readonly #keys: RedisKeys;
  readonly #layouts: RedisLayouts;
  readonly #readers: Readonly<Record<KvLayout, RedisReader>>;

  constructor({ servers, job, clock }: RedisStoreOptions) {
    checkJobName(job);
    this.url = servers.url;
    this.#job = job;
    this.#clock = clock;
    this.#servers = servers;
    this.#keys = servers.keys;
    this.#layouts = new RedisLayouts(this.#keys);
    this.#readers = { hash: new RedisHashReader(this.#keys), packed: new RedisPackedReader(this.#keys) };
  }

  async ping(): Promise<void> {
    await this.#servers.rehearse();
  }

  async stage(request: StageRequest): Promise<StagedCounts> {
    const { generation, ttlSeconds, fence } = request;
    checkGeneration(generation);
    await this.#register(generation, this.#under(fence));
    return this.#servers.stage(request, (shard) => {
      const expiresAtMs = ttlSeconds === null ? null : this.#nowMs() + ttlSeconds * 1000;
      return formatMark({ ...shard, expiresAtMs });
    });
  }

  async extend(generation: string, { of, layout }: GenerationCopy, fence: Fence): Promise<boolean> {
    checkGeneration(generation);
    const [base, begun] = await this.#servers.runPatiently((redis) =>
      Promise.all([
        redis.hmget(this.#keys.meta(of), LAYOUT_FIELD, INFO_FIELD),
        redis.hget(this.#keys.meta(generation), BASE_FIELD),
      ]),
    );
    if (begun === of) return true;
    const [held, info] = base;
    if (info == null || (held ?? 'hash') !== layout) return false;
    const under = this.#under(fence);
    await this.#register(generation, under);
    await copyGeneration(this.#servers, under, { from: of, to: generation });
    return true;
  }

  async stagedShards(generation: string): Promise<ReadonlyMap<number, StagedCounts>> {
    const marks = await this.#marks(generation);
    return new Map([...marks].map(([shard, mark]) => [shard, countsOf(mark)]));
  }

  async #marks(generation: string): Promise<ReadonlyMap<number, StagedMark>> {
    const marks = new Map<number, StagedMark>();
    const meta = this.#keys.meta(generation);
    for (const [field, text] of await this.#servers.runPatiently((redis) => readHash(redis, meta))) {
      if (!field.startsWith(SHARD_FIELD)) continue;
      const mark = parseMark(text, this.#nowMs());
      if (mark !== undefined) marks.set(Number(field.slice(SHARD_FIELD.length)), mark);
    }
    return marks;
  }

  async describe(generation: string, info: GenerationInfo, fence: Fence): Promise<void> {
    checkGeneration(generation);
    const under = this.#under(fence);
    await this.#register(generation, under);
    await under.write(this.#keys.meta(generation), 'HSET', INFO_FIELD, JSON.stringify(info));
  }

  async info(generation: string): Promise<GenerationInfo | undefined> {
    const text = await this.#servers.run((redis) => redis.hget(this.#keys.meta(generation), INFO_FIELD));
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
    const beside = await this.#servers.countBeside([pointer, canary, generations, fence, ping, ...metas]);
    return beside === keys ? counts : undefined;
  }

  /** Marks do not say what of a copy is there, nor which of its keys a shard has written to again. */
  async #account(generation: string): Promise<GenerationCounts | undefined> {
    const isCopy = await this.#servers.runPatiently((redis) =>
      redis.hexists(this.#keys.meta(generation), BASE_FIELD),
    );
    return isCopy === 1 ? undefined : countByMarks(await this.#marks(generation));
  }

  async #countByVisit(generation: string): Promise<GenerationCounts> {
    // SCAN may name a key twice while the server resizes its table.
    const seen = new KeySet();
    let values = 0;
    const staged = await this.stagedShards(generation);
    const expected = [...staged.values()].reduce((sum, shard) => sum + shard.values, 0);
    for (let visit = 1; visit === 1 || (this.#servers.mayMove && visit <= VISITS); visit++) {
      for await (const page of this.#servers.sizes(generation))
        for (const [key, size] of page) if (seen.add(key)) values += size;
      // A key that moved to where this look had been already is seen by the next.
      if (values >= expected) break;
    }
    return { keys: seen.size, values };
  }

  async current(): Promise<string | undefined> {
    return (await this.shown())?.generation;
  }

  async shown(): Promise<Shown | undefined> {
    // In this order, each with a command that readers may always use: where a publication comes between the two, the
    // canary that it ended stands beside another generation, and counts as not being there.
    const { pointer, canary } = this.#keys;
    const [text, generation] = await this.#servers.run(async (redis) =>
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
    const [flipped, lineage, token] = await this.#servers.run((redis) => redis.hmget(fence, ...FLIP_FIELDS));
    // An earlier version moves the pointer, and leaves these fields as they were.
    const isKnown = flipped === generation && typeof lineage === 'string' && typeof token === 'string';
    return { generation, fence: isKnown ? { lineage, token: Number(token) } : null };
  }

  async claim(fence: Fence): Promise<void> {
    const under = this.#under(fence);
    await under.run(CLAIM);
    under.throwIfNewer(await this.#servers.claim(fence));
  }

  async publish(generation: string, fence: Fence, canary: Canary | null = null): Promise<void> {
    const shown = generationsOf({ generation, canary });
    for (const each of shown) checkGeneration(each);
    const names = [...[this.#keys.pointer, this.#keys.canary], ...shown.map((each) => this.#keys.meta(each))];
    const values = [generation, ...(canary === null ? [] : [canaryText(generation, canary)])];
    const answer = await this.#under(fence).run(PUBLISH, names, values);
    if (answer === 'missing') throw missingGenerationError(this.#job, shown.join(' or '), this.url);
  }

  async withdraw(fence: Fence): Promise<void> {
    await this.#under(fence).run(WITHDRAW, [this.#keys.pointer, this.#keys.canary]);
  }

  #under(fence: Fence): RedisFence {
    return new RedisFence(this.#servers, this.#job, fence);
  }

  async generations(): Promise<readonly string[]> {
    const names = await this.#servers.run((redis) => redis.smembers(this.#keys.generations));
    return names.sort();
  }

  async drop(generation: string, fence: Fence): Promise<void> {
    checkGeneration(generation);
    this.#layouts.forget(generation);
    const { pointer, canary, generations } = this.#keys;
    const meta = this.#keys.meta(generation);
    const under = this.#under(fence);
    const retired = await under.run(RETIRE, [pointer, canary, meta], [generation]);
    if (retired === 'current') throw dropCurrentError(this.#job, generation);
    under.throwIfNewer(await this.#servers.unlink(generation, fence));
    // Last: a drop that was cut short is still known, and can be done again.
    await under.run(FORGET, [generations], [generation]);
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
    await this.#servers.close();
  }

  #read<T>(generation: string, read: (reader: RedisReader, redis: RedisClient) => Promise<T>): Promise<T> {
    return this.#servers.run(async (redis) => {
      const layout = this.#layouts.kept(generation) ?? (await this.#layouts.find(redis, generation));
      return read(this.#readers[layout], redis);
    });
  }

  /** Before the first write, so that a generation that was staged in part can be found and dropped. */
  async #register(generation: string, fence: RedisFence): Promise<void> {
    await fence.write(this.#keys.generations, 'SADD', generation);
  }

  #nowMs(): number {
    return this.#clock.now().getTime();
  }
}
