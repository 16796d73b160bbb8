import { countsOf } from '../../staged-mark.ts';
import type { Fence, StagedCounts, StageRequest } from '../../store.ts';
import { PATIENCE_MS, throughFailover } from '../connection/failover.ts';
import type { RedisClient } from '../connection/redis-client.ts';
import { RedisFence } from '../fence/redis-fence.ts';
import { RedisBulk } from '../load/redis-bulk.ts';
import { RedisShardWriter } from '../load/redis-shard-writer.ts';
import { LAYOUT_FIELD, type RedisKeys, SHARD_FIELD } from '../redis-keys.ts';
import { CLAIM, newerToken } from '../redis-scripts.ts';
import type { RedisServers, StagedShard } from '../redis-servers.ts';
import type { ClusterConnection, Master } from './cluster-connection.ts';
import { ClusterKeys } from './cluster-keys.ts';
import { ClusterLoad } from './cluster-load.ts';
import { copyInCluster } from './copy-in-cluster.ts';
import { FencedHere } from './fenced-here.ts';
import { rehearseOnMaster } from './rehearse-on-master.ts';
import { sizesInCluster } from './sizes-in-cluster.ts';
import { unlinkOnMaster } from './unlink-on-master.ts';

/**
 * The masters of a Redis Cluster. Predictions are spread over all of them; what says of generations lies on one. So
 * that a process that lost its lock deletes nothing, each master has a copy of the fence.
 */
export class ClusterServers implements RedisServers {
  readonly mayMove = true;
  readonly keys: RedisKeys;
  readonly #own: ClusterKeys;
  readonly #job: string;
  readonly #cluster: ClusterConnection;

  constructor(cluster: ClusterConnection, keys: RedisKeys, job: string) {
    this.#cluster = cluster;
    this.keys = keys;
    this.#own = new ClusterKeys(job);
    this.#job = job;
  }

  get url(): string {
    return this.#cluster.address.url;
  }

  run<T>(commands: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#cluster.run(commands, PATIENCE_MS.brief);
  }

  runPatiently<T>(commands: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#cluster.run(commands, PATIENCE_MS.long);
  }

  async rehearse(): Promise<void> {
    await this.run((client) => client.set(this.keys.ping, '', 'PX', 1000));
    await this.#onMasters(async ({ connection, tag }) => {
      await connection.run((redis) => rehearseOnMaster(redis, this.#own.ping(tag)));
      // Loading logs in by itself, and is stricter.
      (await RedisBulk.connect(connection.target, this.#cluster.timeouts)).close();
    }, PATIENCE_MS.brief);
  }

  async claim(fence: Fence): Promise<number | null> {
    return firstNewer(await this.#onMasters((master) => this.#claimOn(master, fence)));
  }

  async #claimOn({ tag }: Master, { lineage, token }: Fence): Promise<number | null> {
    return newerToken(
      await this.runPatiently((client) => client.eval(CLAIM, 1, this.#own.fence(tag), lineage, token)),
    );
  }

  stage(request: StageRequest, markOf: (shard: StagedShard) => string): Promise<StagedCounts> {
    return throughFailover(() => this.#stageOnce(request, markOf), PATIENCE_MS.long, request.signal);
  }

  async #stageOnce(request: StageRequest, markOf: (shard: StagedShard) => string): Promise<StagedCounts> {
    const { generation, layout, shard, signal } = request;
    const meta = this.keys.meta(generation);
    const fence = new RedisFence(this, this.#job, request.fence);
    await fence.run(CLAIM);
    const map = await this.#cluster.map();
    // A master may have come since the lock was taken.
    fence.throwIfNewer(
      firstNewer(await Promise.all(map.masters.map((each) => this.#claimOn(each, request.fence)))),
    );
    // Before any value: readers have to know how to read it.
    await fence.write(meta, 'HSET', LAYOUT_FIELD, layout);
    const prefix = Buffer.from(this.keys.series(generation, ''));
    const fenceOn = ({ tag }: Master): string => this.#own.fence(tag);
    const load = await ClusterLoad.connect({
      ...{ cluster: this.#cluster, map, prefix, meta, request, fence, fenceOn },
    });
    try {
      const writer = new RedisShardWriter(load, prefix.length);
      for await (const batch of request.batches()) await writer.write(batch, signal);
      signal.throwIfAborted();
      const staged = await writer.finish();
      // The mark may live on where values are lost: it comes when these are on two servers.
      await load.replicate(({ tag }) => this.#own.ping(tag));
      await fence.write(meta, 'HSET', `${SHARD_FIELD}${shard}`, markOf(staged));
      return countsOf(staged);
    } finally {
      load.close();
    }
  }

  async countBeside(own: readonly string[]): Promise<number> {
    const masters = await this.#onMasters(async ({ connection, tag }) => ({
      keys: await connection.run((redis) => redis.dbsize()),
      own: [this.#own.fence(tag), this.#own.ping(tag)],
    }));
    const beside = [...own, ...masters.flatMap((master) => master.own)];
    const there = await this.runPatiently((client) => Promise.all(beside.map((key) => client.exists(key))));
    return sum(masters.map(({ keys }) => keys)) - sum(there);
  }

  sizes(generation: string): AsyncIterable<readonly (readonly [key: string, values: number])[]> {
    return sizesInCluster(this.#cluster, this.keys, generation);
  }

  async unlink(generation: string, fence: Fence): Promise<number | null> {
    const pattern = this.keys.seriesPattern(generation);
    const newer = await this.#onMasters(
      async (master) =>
        // A master may have come since the lock was taken.
        (await this.#claimOn(master, fence)) ??
        (await unlinkOnMaster(this.#cluster, master, this.#own.fence(master.tag), pattern, fence)),
    );
    return firstNewer(newer);
  }

  async copy(from: string, to: string, fence: RedisFence): Promise<void> {
    await throughFailover(async () => {
      const { masters } = await this.#cluster.map();
      fence.throwIfNewer(
        firstNewer(await Promise.all(masters.map((each) => this.#claimOn(each, fence.fence)))),
      );
      const here = new FencedHere({ ...fence, copies: masters.map(({ tag }) => this.#own.fence(tag)) });
      await Promise.all(
        masters.map((master) => copyInCluster(this.#cluster, master, this.keys, { from, to }, here)),
      );
    }, PATIENCE_MS.long);
  }

  async close(): Promise<void> {
    await this.#cluster.close();
  }

  /** Does something on each master; on all of them again where one was replaced meanwhile. */
  #onMasters<T>(work: (master: Master) => Promise<T>, patienceMs: number = PATIENCE_MS.long): Promise<T[]> {
    return throughFailover(async () => {
      const { masters } = await this.#cluster.map();
      return Promise.all(masters.map(work));
    }, patienceMs);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function firstNewer(tokens: readonly (number | null)[]): number | null {
  return tokens.find((token) => token !== null) ?? null;
}
