import { ServeBatchError } from '../../../core/errors.ts';
import type { HostAndPort, RedisAddress, RedisMembers } from '../connection/redis-address.ts';
import { RedisConnection, type RedisTimeouts } from '../connection/redis-connection.ts';
import { texts } from '../redis-reader.ts';
import type { RedisTarget } from '../redis-url.ts';

export type SentinelAddress = RedisAddress & { readonly members: RedisMembers & { kind: 'sentinel' } };

/** A sentinel answers from its memory. One that does not must not hold up the next. */
const SENTINEL_TIMEOUTS: RedisTimeouts = { connectMs: 1_000, answerMs: 1_500 };

/**
 * Asks one sentinel after the other where the primary is. Throws `STORE_REFUSED` where those that answer know none of
 * that name, and `STORE_UNAVAILABLE` where none answers.
 */
export async function locatePrimary(address: SentinelAddress, timeouts: RedisTimeouts): Promise<RedisTarget> {
  const { sentinels, name } = address.members;
  const limits = {
    connectMs: Math.min(timeouts.connectMs, SENTINEL_TIMEOUTS.connectMs),
    answerMs: Math.min(timeouts.answerMs, SENTINEL_TIMEOUTS.answerMs),
  };
  let failure: unknown;
  for (const sentinel of sentinels) {
    try {
      const found = await askSentinel({ ...address, ...sentinel, db: 0 }, name, limits);
      if (found !== null) return { ...address, ...found };
      failure = unknownPrimary(address);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** Null: it does not know the name. */
async function askSentinel(
  target: RedisTarget,
  name: string,
  timeouts: RedisTimeouts,
): Promise<HostAndPort | null> {
  try {
    return await ask({ ...target, username: undefined, password: undefined }, name, timeouts);
  } catch (error) {
    const isLocked = error instanceof ServeBatchError && error.fields.reply === 'NOAUTH';
    if (!isLocked || target.password === undefined) throw error;
    // It wants to be logged in to, as the servers do.
    return ask(target, name, timeouts);
  }
}

async function ask(target: RedisTarget, name: string, timeouts: RedisTimeouts): Promise<HostAndPort | null> {
  const connection = new RedisConnection(target, timeouts);
  try {
    const [host, port] = texts(
      await connection.run((redis) => redis.call('SENTINEL', 'get-master-addr-by-name', name)),
    );
    return host === undefined ? null : { host, port: Number(port) };
  } finally {
    await connection.close();
  }
}

function unknownPrimary({ url, members: { name } }: SentinelAddress): ServeBatchError {
  return new ServeBatchError(
    'STORE_REFUSED',
    `The sentinels of ${url} know no primary called "${name}". The name stands behind the host, as in redis+sentinel://HOST:26379/NAME: give the one of "sentinel monitor" in their configuration.`,
    { fields: { url, name } },
  );
}
