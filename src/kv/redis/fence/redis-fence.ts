import type { Fence } from '../../store.ts';
import { fencedError } from '../../store-errors.ts';
import { newerToken, WRITE } from '../redis-scripts.ts';
import type { RedisServers } from '../redis-servers.ts';

/**
 * Changes of what says of a job's generations, by a process that shows the token of its lock: each in one step with
 * the look at who took the lock last.
 */
export class RedisFence {
  readonly job: string;
  readonly fence: Fence;
  readonly #servers: RedisServers;

  constructor(servers: RedisServers, job: string, fence: Fence) {
    this.#servers = servers;
    this.job = job;
    this.fence = fence;
  }

  /**
   * Runs a script that does nothing where a newer token was here. Throws `FENCED` then.
   * @param keys those behind the fence
   * @param values those behind lineage and token
   */
  async run(
    script: string,
    keys: readonly string[] = [],
    values: readonly (string | Buffer)[] = [],
  ): Promise<unknown> {
    const names = [this.#servers.keys.fence, ...keys];
    const { lineage, token } = this.fence;
    const answer = await this.#servers.runPatiently((redis) =>
      redis.eval(script, names.length, ...names, lineage, token, ...values),
    );
    this.throwIfNewer(newerToken(answer));
    return answer;
  }

  /** Carries out a command on a key that lies beside the fence. Throws `FENCED`. */
  async write(key: string, command: string, ...args: readonly (string | Buffer)[]): Promise<void> {
    await this.run(WRITE, [key], [command, ...args]);
  }

  throwIfNewer(newer: number | null): void {
    if (newer !== null) throw fencedError(this.job, newer, this.fence);
  }
}
