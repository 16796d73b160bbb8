import { randomBytes } from 'node:crypto';
import type { RowGroup } from '../group-rows.ts';
import { countsOf } from '../staged-mark.ts';
import type { Fence, StagedCounts, StageRequest } from '../store.ts';
import type { RedisClient } from './connection/redis-client.ts';
import type { RedisLink } from './connection/redis-link.ts';
import { isGivenUp, transactionFrames } from './fence/fenced-frames.ts';
import { RedisFence } from './fence/redis-fence.ts';
import { RedisHashCommands } from './hash/redis-hash-commands.ts';
import { takesDumps } from './hash/takes-dumps.ts';
import { RedisBulk } from './load/redis-bulk.ts';
import { RedisShardWriter, type ShardSink } from './load/redis-shard-writer.ts';
import { MergesInServer } from './packed/merges-in-server.ts';
import { RedisPackedCommands } from './packed/redis-packed-commands.ts';
import { type RedisCommands, ttlText } from './redis-commands.ts';
import { copyKeys } from './redis-copy.ts';
import { LAYOUT_FIELD, type RedisKeys, SHARD_FIELD } from './redis-keys.ts';
import { texts } from './redis-reader.ts';
import { rehearse } from './redis-rehearsal.ts';
import { CLAIM, KEYS_BESIDE, newerToken, SCAN_SIZES, UNLINK } from './redis-scripts.ts';
import type { RedisServers, StagedShard } from './redis-servers.ts';
import type { RedisTarget } from './redis-url.ts';

/** Keys that a server looks at in one step of SCAN: about a millisecond of its time. */
export const SCAN_COUNT = 2_000;

/** Of a shard that was given up, since somebody wrote to the fence meanwhile. */
const MOST_ATTEMPTS = 3;

/** All keys on one server. */
export class OneServer implements RedisServers {
  readonly mayMove = false;
  readonly keys: RedisKeys;
  readonly #link: RedisLink;
  readonly #job: string;
  /** Asked once of each server: neither it nor the user's rights change while a run is loaded. */
  readonly #takesDumps = new Map<string, boolean>();

  constructor(link: RedisLink, keys: RedisKeys, job: string) {
    this.#link = link;
    this.keys = keys;
    this.#job = job;
  }

  get url(): string {
    return this.#link.url;
  }

  run<T>(commands: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#link.run(commands);
  }

  runPatiently<T>(commands: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#link.runPatiently(commands);
  }

  async rehearse(): Promise<void> {
    await this.#link.run((redis) => rehearse(redis, this.#job));
    // Loading logs in by itself, and is stricter: ioredis overlooks a password that the server does not want.
    await this.#link.withTarget(async (target) =>
      (await RedisBulk.connect(target, this.#link.timeouts)).close(),
    );
  }

  /** The fence lies beside the predictions. */
  async claim(): Promise<null> {
    return null;
  }

  stage(request: StageRequest, markOf: (shard: StagedShard) => string): Promise<StagedCounts> {
    return this.#link.withTarget(async (target) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#stage(target, request, markOf);
        } catch (error) {
          if (!isGivenUp(error) || attempt === MOST_ATTEMPTS) throw error;
        }
      }
    }, request.signal);
  }

  async #stage(
    target: RedisTarget,
    request: StageRequest,
    markOf: (shard: StagedShard) => string,
  ): Promise<StagedCounts> {
    const { generation, layout, shard, fence } = request;
    const meta = this.keys.meta(generation);
    // A server that was emptied has forgotten who holds the lock.
    await new RedisFence(this, this.#job, fence).run(CLAIM);
    const dumps = layout === 'hash' && (await this.#dumpsOf(target));
    const bulk = await RedisBulk.connect(target, this.#link.timeouts);
    try {
      const load = { job: this.#job, fence, fenceKey: this.keys.fence };
      bulk.fence(transactionFrames(load, `${this.keys.ping}:${randomBytes(6).toString('hex')}`));
      // On the same connection, before any value: readers have to know how to read it. Not HSET: its answer is
      // a number, and those are counted as values.
      bulk.command(['HMSET', meta, LAYOUT_FIELD, layout]);
      const prefix = Buffer.from(this.keys.series(generation, ''));
      const writer = new RedisShardWriter(
        new OneServerSink(bulk, prefix, meta, { ...request, dumps }),
        prefix.length,
      );
      for await (const batch of request.batches()) await writer.write(batch, request.signal);
      request.signal.throwIfAborted();
      const staged = await writer.finish();
      // On the same connection as the values: a server that lost them since has closed it.
      bulk.command(['HSET', meta, `${SHARD_FIELD}${shard}`, markOf(staged)]);
      await bulk.finish();
      return countsOf(staged);
    } finally {
      bulk.close();
    }
  }

  async #dumpsOf({ host, port }: RedisTarget): Promise<boolean> {
    const server = `${host}:${port}`;
    const known =
      this.#takesDumps.get(server) ?? (await this.#link.run((redis) => takesDumps(redis, this.keys)));
    this.#takesDumps.set(server, known);
    return known;
  }

  async countBeside(own: readonly string[]): Promise<number> {
    return Number(await this.runPatiently((redis) => redis.eval(KEYS_BESIDE, own.length, ...own)));
  }

  async *sizes(generation: string): AsyncGenerator<(readonly [string, number])[]> {
    const meta = this.keys.meta(generation);
    const pattern = this.keys.seriesPattern(generation);
    let cursor = '0';
    do {
      const from = cursor;
      const page = await this.runPatiently((redis) =>
        redis.eval(SCAN_SIZES, 1, meta, from, pattern, SCAN_COUNT),
      );
      const [next, ...sizes] = texts(page);
      yield Array.from(
        { length: Math.floor(sizes.length / 2) },
        (_, at) => [sizes[at * 2] ?? '', Number(sizes[at * 2 + 1])] as const,
      );
      cursor = next ?? '0';
    } while (cursor !== '0');
  }

  async unlink(generation: string, fence: Fence): Promise<number | null> {
    const pattern = this.keys.seriesPattern(generation);
    let cursor = '0';
    do {
      const from = cursor;
      const [next, keys] = await this.runPatiently((redis) =>
        redis.scan(from, 'MATCH', pattern, 'COUNT', SCAN_COUNT),
      );
      // Whoever took the job over meanwhile may be loading this very generation again.
      const newer = keys.length === 0 ? null : await this.#unlinkFenced(keys, fence);
      if (newer !== null) return newer;
      cursor = next;
    } while (cursor !== '0');
    return null;
  }

  async #unlinkFenced(keys: readonly string[], { lineage, token }: Fence): Promise<number | null> {
    const names = [this.keys.fence, ...keys];
    return newerToken(
      await this.runPatiently((redis) => redis.eval(UNLINK, names.length, ...names, lineage, token)),
    );
  }

  async copy(from: string, to: string, fence: RedisFence): Promise<void> {
    await copyKeys(this.#link, this.keys, { from, to, scanCount: SCAN_COUNT }, fence);
  }

  async close(): Promise<void> {
    await this.#link.close();
  }
}

/** One connection for all keys. */
class OneServerSink implements ShardSink {
  readonly #bulk: RedisBulk;
  readonly #commands: RedisCommands;

  constructor(
    bulk: RedisBulk,
    prefix: Buffer,
    meta: string,
    { layout, ttlSeconds, dumps }: Pick<StageRequest, 'layout' | 'ttlSeconds'> & { readonly dumps: boolean },
  ) {
    const ttl = ttlText(ttlSeconds);
    this.#bulk = bulk;
    this.#commands =
      layout === 'packed'
        ? new RedisPackedCommands(bulk, prefix, ttl, new MergesInServer(bulk, meta, ttl))
        : new RedisHashCommands(bulk, prefix, ttl, dumps);
  }

  put(group: RowGroup): void {
    this.#commands.put(group);
  }

  get putMany(): ShardSink['putMany'] {
    const commands = this.#commands;
    return commands.putMany === undefined ? null : commands.putMany.bind(commands);
  }

  get isFull(): boolean {
    return this.#bulk.isFull;
  }

  send(): Promise<void> {
    return this.#bulk.send();
  }

  async finish(staged: Pick<StagedCounts, 'keys' | 'values'>): Promise<number> {
    await this.#bulk.finish();
    return this.#commands.created(staged);
  }
}
