import type { StagedMark } from '../staged-mark.ts';
import type { Fence, StagedCounts, StageRequest } from '../store.ts';
import type { RedisClient } from './connection/redis-client.ts';
import type { RedisFence } from './fence/redis-fence.ts';
import type { RedisKeys } from './redis-keys.ts';

/**
 * The servers behind an address: one, or the masters of a cluster. The keys that say of generations (the pointer, the
 * fence, the meta) lie together on one of them in either case, so that scripts change them in one step; the
 * predictions may be spread.
 */
export interface RedisServers {
  /** Without user name and password. */
  readonly url: string;
  readonly keys: RedisKeys;
  /**
   * Runs commands for somebody who waits. Where the connection is lost they are run again, so that they must not mind
   * being run twice. Throws `STORE_UNAVAILABLE` or `STORE_REFUSED`.
   */
  run<T>(commands: (client: RedisClient) => Promise<T>): Promise<T>;
  /** As {@link run}, for jobs: where servers take over from others, it waits until one has. */
  runPatiently<T>(commands: (client: RedisClient) => Promise<T>): Promise<T>;
  /** Uses every command that a run will need. Throws the first refusal. */
  rehearse(): Promise<void>;
  /** Says to every server that holds predictions who may delete them. Returns the newer token where one was here. */
  claim(fence: Fence): Promise<number | null>;
  /**
   * Writes the values of a shard, and then its mark: once the servers, and replicas that may take over from them, have
   * all of it. Throws `FENCED`.
   */
  stage(request: StageRequest, markOf: (shard: StagedShard) => string): Promise<StagedCounts>;
  /** How many keys there are, leaving out these: they hold no predictions. */
  countBeside(own: readonly string[]): Promise<number>;
  /** Every key of a generation with its number of values. It may name a key twice. */
  sizes(generation: string): AsyncIterable<readonly (readonly [key: string, values: number])[]>;
  /** Whether keys move between servers, so that one look may miss some. */
  readonly mayMove: boolean;
  /** Deletes the predictions of a generation. Returns the newer token where one was here, and stops then. */
  unlink(generation: string, fence: Fence): Promise<number | null>;
  /** Copies the predictions of one generation to another. Idempotent. Throws `FENCED`. */
  copy(from: string, to: string, fence: RedisFence): Promise<void>;
  close(): Promise<void>;
}

/** What a shard wrote. */
export type StagedShard = Omit<StagedMark, 'expiresAtMs'>;
