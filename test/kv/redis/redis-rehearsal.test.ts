import { setImmediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import { openTestStore, startTestRedis } from '../../support/test-redis.ts';
import { FENCE, INFO, stage, WEEK } from '../store-contract.ts';

/** What docs/redis.md asks for the user that runs jobs. */
const COMMANDS =
  'GET SET EXISTS DEL UNLINK EXPIRE SADD SREM SMEMBERS HSET HGET HGETALL HMGET HLEN HMSET HEXISTS GETRANGE SCAN DBSIZE EVAL WATCH MULTI EXEC';

/** The names of all commands that a server carries out, those of scripts too. */
async function watchCommands(url: string) {
  const client = new Redis(url);
  const monitor = await client.monitor();
  let names: string[] = [];
  monitor.on('monitor', (_time: string, args: readonly string[]) => {
    names.push((args[0] ?? '').toUpperCase());
  });
  return {
    async take(): Promise<ReadonlySet<string>> {
      // What was carried out before this is told before it.
      await client.echo('mark');
      while (names.at(-1) !== 'ECHO') await setImmediate();
      const taken = new Set(names.filter((name) => name !== 'ECHO'));
      names = [];
      return taken;
    },
    async stop(): Promise<void> {
      monitor.disconnect();
      client.disconnect();
    },
  };
}

/** All that runs, readers and rollbacks do with a store. */
async function useAll(store: KvStore): Promise<void> {
  await store.claim(FENCE);
  for (const layout of ['hash', 'packed'] as const) {
    const generation = `of-${layout}`;
    // The second time over the first, and with another field, so that packed values are merged.
    await stage(store, WEEK, { generation, layout });
    await stage(store, [...WEEK, ['1:2', '2026-11-23', '4']], {
      generation,
      layout,
      ttlSeconds: 60,
      shard: 1,
    });
    await store.stagedShards(generation);
    await store.describe(generation, INFO, FENCE);
    await store.info(generation);
    await store.count(generation);
    await store.publish(generation, FENCE);
    await store.current();
    await store.generations();
    await store.get(generation, '1:2', '2026-11-21');
    await store.getSeries(generation, '1:2');
    await store.getMany(generation, [{ key: '1:2', field: '2026-11-21' }]);
  }
  await stage(store, [['1:1', null, '1']], { generation: 'plain' });
  await store.get('plain', '1:1', null);
  await store.drop('of-hash', FENCE);
}

describe('the first check of a Redis', () => {
  function withUser(url: string, user: string): string {
    return url.replace('redis://', `redis://${user}@`);
  }

  it('leaves nothing behind but the mark that lives for a second', async () => {
    const server = await startTestRedis();
    await openTestStore(server.url).ping();
    expect(['', 'sales:ping']).toContain(await server.cli('KEYS', '*'));
  });

  it.each(['EVAL', 'DBSIZE', 'UNLINK', 'HMSET', 'EXPIRE'])('finds that %s was renamed', async (command) => {
    const server = await startTestRedis({ args: ['--rename-command', command, ''] });
    await expect(openTestStore(server.url).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/unknown|lacks/i),
    });
  });

  it('finds that a user lacks a right that loading needs', async () => {
    const server = await startTestRedis();
    const commands = COMMANDS.split(' ').map((each) => `+${each.toLowerCase()}`);
    await server.cli('ACL', 'SETUSER', 'jobs', 'on', '>pw', '~sales:*', ...commands);
    await server.cli('ACL', 'SETUSER', 'few', 'on', '>pw', '~sales:*', '+set', '+get', '+hset');
    await expect(openTestStore(withUser(server.url, 'few:pw')).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('NOPERM'),
    });
    const store = openTestStore(withUser(server.url, 'jobs:pw'));
    await store.ping();
    for (const layout of ['hash', 'packed'] as const) {
      const generation = `of-${layout}`;
      await stage(store, WEEK, { generation, layout });
      await stage(store, WEEK, { generation, layout, ttlSeconds: 60 });
      await store.describe(generation, INFO, FENCE);
      expect(await store.count(generation)).toEqual({ keys: 2, values: 3 });
      await store.publish(generation, FENCE);
      expect(await store.get(generation, '1:2', '2026-11-21')).toBe('3.5');
    }
    await store.drop('of-hash', FENCE);
  });

  it('finds each command that is missing of those that the docs ask for', async () => {
    const server = await startTestRedis();
    await server.cli('ACL', 'SETUSER', 'jobs', 'on', '>pw', '~sales:*');
    const found: string[] = [];
    for (const missing of COMMANDS.split(' ')) {
      const commands = COMMANDS.split(' ').map(
        (each) => `${each === missing ? '-' : '+'}${each.toLowerCase()}`,
      );
      await server.cli('ACL', 'SETUSER', 'jobs', ...commands);
      const store = openStore({ url: withUser(server.url, 'jobs:pw'), job: 'sales' });
      await store.ping().catch(({ code }) => found.push(`${missing} ${code}`));
      await store.close();
    }
    expect(found).toEqual(COMMANDS.split(' ').map((each) => `${each} STORE_REFUSED`));
  });

  it('uses every command that loading, publishing, reading and dropping use, also inside scripts', async () => {
    const server = await startTestRedis();
    const seen = await watchCommands(server.url);
    onTestFinished(seen.stop);
    const store = openTestStore(server.url);
    await store.ping();
    const rehearsed = await seen.take();
    await useAll(store);
    const used = await seen.take();
    expect(used.size).toBeGreaterThan(15);
    // Loading tries RESTORE by itself, and does without it where it may not.
    expect([...used].filter((command) => !rehearsed.has(command))).toEqual(['RESTORE']);
    expect([...rehearsed].filter((command) => !COMMANDS.includes(command))).toEqual([]);
  });

  it('finds that the keys of another job are all that a user may use', async () => {
    const server = await startTestRedis();
    await server.cli('ACL', 'SETUSER', 'other', 'on', '>pw', '~other:*', '+@all');
    await expect(openTestStore(withUser(server.url, 'other:pw')).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    });
  });

  it('finds a password that the server does not want, as loading would', async () => {
    const server = await startTestRedis();
    await expect(openTestStore(withUser(server.url, ':pw')).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('password'),
    });
  });

  it('finds a cluster', async () => {
    const server = await startTestRedis({ args: ['--cluster-enabled', 'yes'] });
    await expect(openTestStore(server.url).ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('Cluster'),
    });
  });
});
