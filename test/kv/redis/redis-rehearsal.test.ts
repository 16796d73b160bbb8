import { afterEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import { type RedisServerOptions, startRedis } from '../../support/redis-server.ts';
import { FENCE, INFO, stage, WEEK } from '../store-contract.ts';

/** What docs/redis.md asks for the user that runs jobs. */
const COMMANDS =
  'GET SET EXISTS DEL UNLINK EXPIRE SADD SREM SMEMBERS HSET HGET HGETALL HMGET HLEN HMSET HEXISTS GETRANGE SCAN DBSIZE EVAL';

describe('the first check of a Redis', () => {
  const releases: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const release of releases.splice(0).reverse()) await release();
  });

  async function start(options: RedisServerOptions = {}) {
    const server = await startRedis(options);
    releases.push(() => server.stop());
    return server;
  }
  function open(url: string): KvStore {
    const store = openStore({ url, job: 'sales' });
    releases.push(() => store.close());
    return store;
  }
  function withUser(url: string, user: string): string {
    return url.replace('redis://', `redis://${user}@`);
  }

  it('leaves nothing behind but the mark that lives for a second', async () => {
    const server = await start();
    await open(server.url).ping();
    expect(['', 'sales:ping']).toContain(await server.cli('KEYS', '*'));
  });

  it.each(['EVAL', 'DBSIZE', 'UNLINK', 'HMSET', 'EXPIRE'])('finds that %s was renamed', async (command) => {
    const server = await start({ args: ['--rename-command', command, ''] });
    await expect(open(server.url).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/unknown|lacks/i),
    });
  });

  it('finds that a user lacks a right that loading needs', async () => {
    const server = await start();
    const commands = COMMANDS.split(' ').map((each) => `+${each.toLowerCase()}`);
    await server.cli('ACL', 'SETUSER', 'jobs', 'on', '>pw', '~sales:*', ...commands);
    await server.cli('ACL', 'SETUSER', 'few', 'on', '>pw', '~sales:*', '+set', '+get', '+hset');
    await expect(open(withUser(server.url, 'few:pw')).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('NOPERM'),
    });
    const store = open(withUser(server.url, 'jobs:pw'));
    await store.ping();
    for (const layout of ['hash', 'packed'] as const) {
      const generation = `of-${layout}`;
      await stage(store, WEEK, { generation, layout });
      await stage(store, WEEK, { generation, layout, ttlSeconds: 60 });
      await store.describe(generation, INFO);
      expect(await store.count(generation)).toEqual({ keys: 2, values: 3 });
      await store.publish(generation, FENCE);
      expect(await store.get(generation, '1:2', '2026-11-21')).toBe('3.5');
    }
    await store.drop('of-hash', FENCE);
  });

  it('finds that the keys of another job are all that a user may use', async () => {
    const server = await start();
    await server.cli('ACL', 'SETUSER', 'other', 'on', '>pw', '~other:*', '+@all');
    await expect(open(withUser(server.url, 'other:pw')).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    });
  });

  it('finds a password that the server does not want, as loading would', async () => {
    const server = await start();
    await expect(open(withUser(server.url, ':pw')).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('password'),
    });
  });

  it('finds a cluster', async () => {
    const server = await start({ args: ['--cluster-enabled', 'yes'] });
    await expect(open(server.url).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('Cluster'),
    });
  });
});
