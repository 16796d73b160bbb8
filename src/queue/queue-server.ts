import { ServeBatchError } from '../core/errors.ts';
import { untilAborted } from '../core/until-aborted.ts';
import { RedisConnection } from '../kv/redis/connection/redis-connection.ts';
import { parseRedisInfo, type RedisFacts } from '../kv/redis/redis-facts.ts';
import { addressOptions, parseRedisUrl } from '../kv/redis/redis-url.ts';

/** The longest pause between two attempts to connect again. */
const RECONNECT_MS = 1000;

/** A server that owes an answer for so long counts as lost. The longest that BullMQ has it wait is ten seconds. */
const SILENCE_MS = 30_000;

export interface QueueConnectionOptions {
  /** Aborted where the connection is not needed any more: once lost, it is not made again. */
  readonly over: AbortSignal;
  /** Default: 30 seconds. */
  readonly silenceMs?: number;
}

/**
 * How BullMQ connects to the queue's Redis. A connection that was lost, or whose other side is silent, is made
 * again, for as long as it takes.
 */
export function queueConnection(url: string, { over, silenceMs = SILENCE_MS }: QueueConnectionOptions) {
  return {
    ...addressOptions(parseRedisUrl(url)),
    maxRetriesPerRequest: null,
    socketTimeout: silenceMs,
    retryStrategy: (attempt: number) => (over.aborted ? null : Math.min(attempt * 100, RECONNECT_MS)),
  };
}

export type QueueFacts = Omit<RedisFacts, 'snapshots'>;

/**
 * Asks the queue's Redis whether it can hold a queue. Throws `QUEUE_UNAVAILABLE` where it does not answer, and
 * `QUEUE_REFUSED` where it refuses, or may drop what lies in the queue.
 * @param signal whose reason is thrown where it is aborted first
 */
export async function checkQueueServer(url: string, signal?: AbortSignal): Promise<QueueFacts> {
  const target = parseRedisUrl(url);
  const connection = new RedisConnection(target);
  try {
    const asked = connection.run((client) => client.info());
    const facts = parseRedisInfo(String(await untilAborted(signal, asked)));
    assertKeepsAll(target.url, facts.maxMemoryPolicy);
    return facts;
  } catch (error) {
    throw asQueueError(error, target.url);
  } finally {
    await connection.close();
  }
}

function assertKeepsAll(url: string, policy: string | null): void {
  if (policy === null || policy === 'noeviction') return;
  throw new ServeBatchError(
    'QUEUE_REFUSED',
    `The queue's Redis ${url} has maxmemory-policy ${policy}, so it may drop shards when its memory is full. Set it to noeviction, or use another Redis for the queue than for a cache.`,
    { fields: { url, policy } },
  );
}

function asQueueError(error: unknown, url: string): unknown {
  if (!(error instanceof ServeBatchError) || !error.code.startsWith('STORE_')) return error;
  const code = error.code === 'STORE_UNAVAILABLE' ? 'QUEUE_UNAVAILABLE' : 'QUEUE_REFUSED';
  return new ServeBatchError(code, `The queue cannot be used: ${error.message}`, {
    cause: error,
    fields: { url },
  });
}
