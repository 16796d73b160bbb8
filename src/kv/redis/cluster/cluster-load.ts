import type { RowGroup } from '../../group-rows.ts';
import type { StagedCounts, StageRequest } from '../../store.ts';
import { scriptFrames } from '../fence/fenced-frames.ts';
import type { RedisFence } from '../fence/redis-fence.ts';
import { RedisHashCommands } from '../hash/redis-hash-commands.ts';
import { RedisBulk } from '../load/redis-bulk.ts';
import type { ShardSink } from '../load/redis-shard-writer.ts';
import { RedisPackedCommands } from '../packed/redis-packed-commands.ts';
import { type RedisCommands, ttlText } from '../redis-commands.ts';
import type { ClusterConnection, ClusterMap, Master } from './cluster-connection.ts';
import { LOAD_HERE } from './cluster-scripts.ts';
import { FencedHere } from './fenced-here.ts';
import { crc16, slotOf } from './key-slot.ts';
import { MergesInClient } from './merges-in-client.ts';
import { Redirected } from './redirected.ts';

/** How long a master waits for a replica to have all; one that is slower is caught by the count before the flip. */
const REPLICA_WAIT_MS = 2_000;

export interface ClusterLoadOptions {
  readonly cluster: ClusterConnection;
  readonly map: ClusterMap;
  /** What stands before each key of the generation. */
  readonly prefix: Buffer;
  readonly meta: string;
  readonly request: Pick<StageRequest, 'layout' | 'ttlSeconds'>;
  readonly fence: RedisFence;
  /** The copy of the fence that lies on a master. */
  readonly fenceOn: (master: Master) => string;
}

interface Lane {
  readonly master: Master;
  readonly bulk: RedisBulk;
  readonly commands: RedisCommands;
  readonly staged: { keys: number; values: number };
}

/**
 * One connection to each master, and each key to its own. A command that a master sends elsewhere, since its slot has
 * moved or is moving, is sent again through the driver, which follows.
 */
export class ClusterLoad implements ShardSink {
  /** Neighbours go to different masters. */
  readonly putMany = null;
  readonly #lanes: readonly Lane[];
  readonly #masterOf: Uint16Array;
  readonly #prefixCrc: number;
  readonly #redirected: Redirected;
  readonly #merges: MergesInClient;

  private constructor(
    lanes: readonly Lane[],
    { map, prefix }: ClusterLoadOptions,
    redirected: Redirected,
    merges: MergesInClient,
  ) {
    this.#lanes = lanes;
    this.#masterOf = map.masterOf;
    this.#prefixCrc = crc16(prefix, 0, prefix.length);
    this.#redirected = redirected;
    this.#merges = merges;
  }

  /** Connects to all masters. Throws `STORE_UNAVAILABLE` or `STORE_REFUSED`. */
  static async connect(options: ClusterLoadOptions): Promise<ClusterLoad> {
    const { cluster, map, prefix, meta, request, fence, fenceOn } = options;
    const ttl = ttlText(request.ttlSeconds);
    const here = new FencedHere({ ...fence, copies: map.masters.map(fenceOn) });
    const merges = new MergesInClient({ cluster, meta, ttlSeconds: ttl, fence, here });
    const redirected = new Redirected(cluster, here);
    const lanes: Lane[] = [];
    try {
      for (const master of map.masters) {
        const bulk = await RedisBulk.connect(master.connection.target, cluster.timeouts);
        bulk.fence(scriptFrames({ ...fence, fenceKey: fenceOn(master) }, LOAD_HERE));
        bulk.onRedirected((commands) => redirected.add(commands));
        const commands =
          request.layout === 'packed'
            ? new RedisPackedCommands(bulk, prefix, ttl, merges)
            : new RedisHashCommands(bulk, prefix, ttl);
        lanes.push({ master, bulk, commands, staged: { keys: 0, values: 0 } });
      }
      return new ClusterLoad(lanes, options, redirected, merges);
    } catch (error) {
      for (const { bulk } of lanes) bulk.close();
      throw error;
    }
  }

  put(group: RowGroup): void {
    const { bytes, keyStart, keyEnd, count } = group;
    const slot = slotOf(bytes, keyStart, keyEnd, this.#prefixCrc);
    const lane = this.#lanes[this.#masterOf[slot] as number] as Lane;
    lane.commands.put(group);
    lane.staged.keys++;
    lane.staged.values += count;
  }

  get isFull(): boolean {
    return this.#lanes.some(({ bulk }) => bulk.isFull);
  }

  async send(): Promise<void> {
    await Promise.all(this.#lanes.map(({ bulk }) => (bulk.isFull ? bulk.send() : undefined)));
  }

  async finish(_staged: Pick<StagedCounts, 'keys' | 'values'>): Promise<number> {
    await Promise.all(this.#lanes.map(({ bulk }) => bulk.finish()));
    const created = this.#lanes.reduce((sum, { commands, staged }) => sum + commands.created(staged), 0);
    const { sum, refused } = await this.#redirected.resend();
    return created + sum + (await this.#merges.finish(refused));
  }

  /**
   * Waits until a replica of each master has what was written so far, through whichever connection: behind a write that
   * is the last.
   * @param pingKey names a key that lies on a master
   */
  async replicate(pingKey: (master: Master) => string): Promise<void> {
    await Promise.all(
      this.#lanes.map(({ master }) =>
        master.connection.run(async (redis) => {
          await redis.set(pingKey(master), '', 'PX', 1000);
          if (master.hasReplicas) await redis.wait(1, REPLICA_WAIT_MS);
        }),
      ),
    );
  }

  close(): void {
    for (const { bulk } of this.#lanes) bulk.close();
  }
}
