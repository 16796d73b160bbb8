import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { RedisConnection, type RedisTimeouts } from './connection/redis-connection.ts';
import { parseRedisInfo, type RedisFacts, snapshotsOf } from './redis-facts.ts';
import { RedisKeys } from './redis-keys.ts';
import { rehearse } from './redis-rehearsal.ts';
import type { RedisTarget } from './redis-url.ts';

/** Shorter than a run's: somebody waits for the answer. */
export const PROBE_TIMEOUTS: RedisTimeouts = { connectMs: 3_000, answerMs: 3_000 };
const WRITES_TIMED = 5;

export interface RedisAnswer {
  /** The middle one of a few small writes, there and back, in milliseconds. */
  readonly latencyMs: number;
  /** Null: this user may not ask. */
  readonly facts: RedisFacts | null;
}

/**
 * Looks whether a Redis answers and takes all commands of a run for these jobs, and what it says of itself.
 * What it writes is gone after some seconds. Ends within some seconds, whatever the server does;
 * throws `STORE_UNAVAILABLE` or `STORE_REFUSED`.
 */
export async function probeRedis(
  target: RedisTarget,
  jobs: readonly string[],
  clock: Clock,
): Promise<RedisAnswer> {
  const connection = new RedisConnection(target, PROBE_TIMEOUTS);
  try {
    // A user may have the right to the keys of some jobs only.
    for (const job of jobs) await connection.run((redis) => rehearse(redis, job));
    return await probeServer(connection, new RedisKeys(jobs[0] ?? '').ping, clock);
  } finally {
    await connection.close();
  }
}

/** How long a small write to a key takes on a connection that has been used before, and what the server says of itself. */
export async function probeServer(
  connection: RedisConnection,
  key: string,
  clock: Clock,
): Promise<RedisAnswer> {
  const times: number[] = [];
  for (let i = 0; i < WRITES_TIMED; i++) {
    const start = clock.monotonicMs();
    await connection.run((redis) => redis.set(key, '', 'PX', 1000));
    times.push(clock.monotonicMs() - start);
  }
  times.sort((a, b) => a - b);
  return { latencyMs: times[(WRITES_TIMED - 1) / 2] ?? 0, facts: await askFacts(connection) };
}

async function askFacts(connection: RedisConnection): Promise<RedisFacts | null> {
  const info = await unlessRefused(connection.run((redis) => redis.info()));
  if (info === null) return null;
  // Not in INFO, and forbidden by most who run Redis for others.
  const save = await unlessRefused(connection.run((redis) => redis.config('GET', 'save')));
  return { ...parseRedisInfo(info), snapshots: snapshotsOf(save) };
}

async function unlessRefused<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ServeBatchError && error.code === 'STORE_REFUSED') return null;
    throw error;
  }
}
