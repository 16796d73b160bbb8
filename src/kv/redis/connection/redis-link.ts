import type { Redis } from 'ioredis';
import type { RedisTarget } from '../redis-url.ts';
import type { RedisTimeouts } from './redis-connection.ts';

/** A way to the one server that takes writes, whichever it is at the moment. */
export interface RedisLink {
  /** Without user name and password. */
  readonly url: string;
  readonly timeouts: RedisTimeouts;
  /**
   * Runs commands. Where the connection is lost they are run once more on a new one, so that they must not mind being
   * run twice. Throws `STORE_UNAVAILABLE` or `STORE_REFUSED`.
   */
  run<T>(commands: (client: Redis) => Promise<T>): Promise<T>;
  /** As {@link run}; where another server takes over, it waits until it has. */
  runPatiently<T>(commands: (client: Redis) => Promise<T>): Promise<T>;
  /** Does work that connects by itself: from its beginning where another server takes over meanwhile. */
  withTarget<T>(work: (target: RedisTarget) => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
}
