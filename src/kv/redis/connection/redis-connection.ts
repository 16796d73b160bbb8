import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis, RedisOptions } from 'ioredis';
import { missingPackage } from '../../missing-package.ts';
import { isConnectionError, redisError } from '../redis-errors.ts';
import { addressOptions, type RedisTarget } from '../redis-url.ts';
import type { RedisLink } from './redis-link.ts';

export interface RedisTimeouts {
  readonly connectMs: number;
  /** A server that is sent a command and says nothing for so long counts as lost. */
  readonly answerMs: number;
}

/** So that every operation ends within about ten seconds, with an answer or an error. */
export const REDIS_TIMEOUTS: RedisTimeouts = { connectMs: 4_500, answerMs: 8_000 };

/** Waits before the second and the third attempt to connect. */
const RETRY_DELAYS_MS = [200, 600];

/**
 * One connection that is made when it is first needed, and made again after it was lost.
 *
 * ioredis's own reconnecting is off: it would hold commands back while a server is away, and send half a
 * shard to one that has lost the other half.
 */
export class RedisConnection implements RedisLink {
  readonly url: string;
  readonly target: RedisTarget;
  readonly timeouts: RedisTimeouts;
  #client: Promise<Redis> | undefined;

  constructor(target: RedisTarget, timeouts: RedisTimeouts = REDIS_TIMEOUTS) {
    this.url = target.url;
    this.target = target;
    this.timeouts = timeouts;
  }

  /**
   * Runs commands. Where the connection is lost they are run once more on a new one, so that they must
   * not mind being run twice. Throws `STORE_UNAVAILABLE` or `STORE_REFUSED`.
   */
  async run<T>(commands: (client: Redis) => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await commands(await this.#connected());
    } catch (error) {
      if (!isConnectionError(error) || isLate(start, this.timeouts)) throw redisError(error, this.target);
    }
    try {
      return await commands(await this.#connected());
    } catch (error) {
      throw redisError(error, this.target);
    }
  }

  /** Nobody takes over from this one server. */
  runPatiently<T>(commands: (client: Redis) => Promise<T>): Promise<T> {
    return this.run(commands);
  }

  withTarget<T>(work: (target: RedisTarget) => Promise<T>): Promise<T> {
    return work(this.target);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    try {
      (await client)?.disconnect();
    } catch {
      // It was never connected.
    }
  }

  async #connected(): Promise<Redis> {
    this.#client ??= this.#connect();
    const pending = this.#client;
    const client = await pending;
    if (client.status === 'ready') return client;
    client.disconnect();
    // Another caller may have seen the loss before and be connecting already.
    if (this.#client === pending) this.#client = undefined;
    return this.#connected();
  }

  async #connect(): Promise<Redis> {
    const start = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        return await connectOnce(this.target, this.timeouts);
      } catch (error) {
        const known = redisError(error, this.target);
        const delayMs = RETRY_DELAYS_MS[attempt];
        if (!known.retryable || delayMs === undefined || isLate(start, this.timeouts)) {
          this.#client = undefined;
          throw known;
        }
        await sleep(delayMs);
      }
    }
  }
}

/** Whether another attempt, should it run into a timeout, would take too long. */
function isLate(start: number, timeouts: RedisTimeouts): boolean {
  return performance.now() - start > timeouts.answerMs / 2;
}

async function connectOnce(target: RedisTarget, timeouts: RedisTimeouts): Promise<Redis> {
  // Loaded with the first connection: it takes longer than all else that a process with LMDB loads.
  const ioredis = await import('ioredis').catch((error: unknown) => {
    throw missingPackage('ioredis', error);
  });
  const client = new ioredis.Redis(optionsOf(target, timeouts));
  let cause: unknown;
  // Without a listener an error would end the process. The first one says why; later ones that it is over.
  client.on('error', (error: unknown) => {
    cause ??= error;
  });
  try {
    await client.connect();
    // ioredis goes on after a SELECT that was refused, in another database than the one wanted.
    if (cause !== undefined) throw cause;
    return client;
  } catch (error) {
    client.disconnect();
    throw cause ?? error;
  }
}

function optionsOf(target: RedisTarget, timeouts: RedisTimeouts) {
  return {
    ...addressOptions(target),
    lazyConnect: true,
    connectTimeout: timeouts.connectMs,
    socketTimeout: timeouts.answerMs,
    retryStrategy: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // It would ask INFO, which a user with few rights may not; a server that still loads says so itself.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
  } as const satisfies RedisOptions;
}
