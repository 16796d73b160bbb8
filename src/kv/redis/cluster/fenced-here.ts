import type { Cluster } from 'ioredis';
import { ServeBatchError } from '../../../core/errors.ts';
import type { Fence } from '../../store.ts';
import { fencedError } from '../../store-errors.ts';
import { newerToken } from '../redis-scripts.ts';
import { REPLACE_PACKED, WRITE_HERE } from './cluster-scripts.ts';

export interface FencedHereOptions {
  readonly job: string;
  readonly fence: Fence;
  /** The copies of the fence, one on each master: the script uses the one that lies where the key does. */
  readonly copies: readonly string[];
}

/** Writes of single keys, through the driver, which finds the master of each: in one step with the look at its copy of the fence. */
export class FencedHere {
  readonly #options: FencedHereOptions;

  constructor(options: FencedHereOptions) {
    this.#options = options;
  }

  /** A command whose first argument is the key; its reply. Throws `FENCED`. */
  async write(
    client: Cluster,
    command: string,
    key: string | Buffer,
    args: readonly (string | Buffer)[],
  ): Promise<unknown> {
    return this.#run(client, WRITE_HERE, key, [command, ...args]);
  }

  /** Whether the key still held what it was thought to. Throws `FENCED`. */
  async replacePacked(
    client: Cluster,
    key: string | Buffer,
    held: Buffer | null,
    text: Buffer,
    ttl: string,
  ): Promise<boolean> {
    return (await this.#run(client, REPLACE_PACKED, key, [held ?? '', text, ttl])) === 1;
  }

  async #run(
    client: Cluster,
    script: string,
    key: string | Buffer,
    args: readonly (string | Buffer)[],
  ): Promise<unknown> {
    const { job, fence, copies } = this.#options;
    const count = String(copies.length);
    const first = [fence.lineage, String(fence.token), count, ...copies];
    const [state, reply] = (await client.eval(script, 1, key, ...first, ...args)) as [string, unknown];
    if (state === 'done') return reply;
    const newer = newerToken(state);
    if (newer !== null) throw fencedError(job, newer, fence);
    throw new ServeBatchError(
      'STORE_UNAVAILABLE',
      `A server of the Redis Cluster does not know yet who holds job "${job}": it has come since the load began. Give the same command again.`,
      { fields: { job } },
    );
  }
}
