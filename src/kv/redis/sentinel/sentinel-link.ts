import type { Redis } from 'ioredis';
import { isOfFailover, PATIENCE_MS, throughFailover } from '../connection/failover.ts';
import { RedisConnection, type RedisTimeouts } from '../connection/redis-connection.ts';
import type { RedisLink } from '../connection/redis-link.ts';
import type { RedisTarget } from '../redis-url.ts';
import { locatePrimary, type SentinelAddress } from './locate-primary.ts';

/**
 * The primary that sentinels name. They are asked before the first connection, and again where it is lost, or where
 * its server says that it is a replica now.
 */
export class SentinelLink implements RedisLink {
  readonly url: string;
  readonly timeouts: RedisTimeouts;
  readonly #address: SentinelAddress;
  #primary: Promise<RedisConnection> | undefined;

  constructor(address: SentinelAddress, timeouts: RedisTimeouts) {
    this.url = address.url;
    this.timeouts = timeouts;
    this.#address = address;
  }

  run<T>(commands: (client: Redis) => Promise<T>): Promise<T> {
    return this.#withPrimary((primary) => primary.run(commands), PATIENCE_MS.brief);
  }

  runPatiently<T>(commands: (client: Redis) => Promise<T>): Promise<T> {
    return this.#withPrimary((primary) => primary.run(commands), PATIENCE_MS.long);
  }

  withTarget<T>(work: (target: RedisTarget) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#withPrimary(({ target }) => work(target), PATIENCE_MS.long, signal);
  }

  async close(): Promise<void> {
    await this.#forget(this.#primary);
  }

  #withPrimary<T>(
    work: (primary: RedisConnection) => Promise<T>,
    patienceMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const attempt = async () => {
      this.#primary ??= this.#locate();
      const located = this.#primary;
      try {
        return await work(await located);
      } catch (error) {
        // Another caller may have asked the sentinels again already.
        if (isOfFailover(error)) await this.#forget(located);
        throw error;
      }
    };
    return throughFailover(attempt, patienceMs, signal);
  }

  async #locate(): Promise<RedisConnection> {
    return new RedisConnection(await locatePrimary(this.#address, this.timeouts), this.timeouts);
  }

  async #forget(located: Promise<RedisConnection> | undefined): Promise<void> {
    if (this.#primary === located) this.#primary = undefined;
    try {
      await (await located)?.close();
    } catch {
      // It was never found.
    }
  }
}
