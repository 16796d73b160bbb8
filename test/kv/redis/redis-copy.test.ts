import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { KV_LAYOUTS } from '../../../src/core/plan.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { REDIS_TIMEOUTS, RedisConnection } from '../../../src/kv/redis/connection/redis-connection.ts';
import type { RedisLink } from '../../../src/kv/redis/connection/redis-link.ts';
import { OneServer } from '../../../src/kv/redis/one-server.ts';
import { RedisKeys } from '../../../src/kv/redis/redis-keys.ts';
import { RedisStore } from '../../../src/kv/redis/redis-store.ts';
import { parseRedisUrl } from '../../../src/kv/redis/redis-url.ts';
import type { KvRow } from '../../support/kv-batch.ts';
import { startRedis } from '../../support/redis-server.ts';
import { INFO, stage } from '../store-contract.ts';

const OLD = { lineage: 'folder-1', token: 10 };
const NEW = { lineage: 'folder-1', token: 11 };
/** More than are copied in one step. */
const KEYS = 1_200;
const rows = (value: string): KvRow[] =>
  Array.from({ length: KEYS }, (_, key) => [`k${key}`, 'f', value] as const);

/** A connection on which something happens before the command that follows the first copied keys. */
function interrupted(inner: RedisLink, redis: Redis, event: () => Promise<void>): RedisLink {
  let isOver = false;
  return {
    ...{ url: inner.url, timeouts: inner.timeouts },
    run: (commands) => inner.run(commands),
    async runPatiently(commands) {
      if (!isOver && (await redis.keys('sales:g2:*')).length > 0) {
        isOver = true;
        await event();
      }
      return inner.runPatiently(commands);
    },
    withTarget: (work, signal) => inner.withTarget(work, signal),
    close: () => inner.close(),
  };
}

it.each(KV_LAYOUTS)(
  'a process that loses the lock in the middle of a copy puts no older value over a newer one, %s',
  async (layout) => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const redis = new Redis(server.url);
    const successor = openStore({ url: server.url, job: 'sales' });
    const takeOver = async (): Promise<void> => {
      await successor.claim(NEW);
      await stage(successor, rows('newer'), { layout, generation: 'g2', fence: NEW });
      await successor.describe('g2', INFO, NEW);
      await successor.publish('g2', NEW);
    };
    const connection = new RedisConnection(parseRedisUrl(server.url), REDIS_TIMEOUTS);
    const link = interrupted(connection, redis, takeOver);
    const late = new RedisStore({
      servers: new OneServer(link, new RedisKeys('sales'), 'sales'),
      job: 'sales',
      clock: systemClock,
    });
    onTestFinished(async () => {
      await Promise.all([late.close(), successor.close()]);
      redis.disconnect();
    });
    await stage(late, rows('older'), { layout, generation: 'g1', fence: OLD });
    await late.describe('g1', INFO, OLD);

    await expect(late.extend('g2', { of: 'g1', layout }, OLD)).rejects.toMatchObject({ code: 'FENCED' });

    expect(await successor.current()).toBe('g2');
    const addresses = rows('').map(([key, field]) => ({ key, field }));
    expect(new Set(await successor.getMany('g2', addresses))).toEqual(new Set(['newer']));
  },
);
