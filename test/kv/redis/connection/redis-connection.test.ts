import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../../src/core/effects.ts';
import { type ServeBatchError, serializeError } from '../../../../src/core/errors.ts';
import { openRedis } from '../../../../src/kv/redis/open-redis.ts';
import type { KvBatch, KvStore } from '../../../../src/kv/store.ts';
import { type KvRow, kvBatch } from '../../../support/kv-batch.ts';
import { TLS_FILES } from '../../../support/redis-server.ts';
import { openTestStore, startTestRedis } from '../../../support/test-redis.ts';
import { FENCE, INFO, stage, WEEK } from '../../store-contract.ts';

const PASSWORD = 'p@ss:w/rd#ä 1';

describe('the connection to Redis', () => {
  async function failureOf(action: Promise<unknown>): Promise<ServeBatchError> {
    const error: unknown = await action.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'ServeBatchError' });
    return error as ServeBatchError;
  }

  /** Nothing that is printed, logged or recorded of an error may hold the password. */
  function expectNoPassword(error: ServeBatchError, password: string): void {
    const shown = [inspect(error, { depth: 10 }), JSON.stringify(serializeError(error)), String(error.stack)];
    for (const text of shown)
      for (const form of [password, encodeURIComponent(password)]) expect(text).not.toContain(form);
  }

  it('is how other services read: GET the pointer, then HGET or HGETALL', async () => {
    const server = await startTestRedis();
    const store = openTestStore(server.url);
    await stage(store, WEEK);
    await stage(store, [['1:3', null, '9']], { generation: 'g2' });
    await store.describe('g1', INFO, FENCE);
    await store.publish('g1', FENCE);
    expect(await server.cli('GET', 'sales:current')).toBe('g1');
    expect(await server.cli('HGET', 'sales:g1:1:1', '2026-11-22')).toBe('2.5');
    expect((await server.cli('HGETALL', 'sales:g1:1:1')).split('\n')).toEqual([
      '2026-11-21',
      '1.5',
      '2026-11-22',
      '2.5',
    ]);
    expect(await server.cli('GET', 'sales:g2:1:3')).toBe('9');
    expect((await server.cli('KEYS', '*')).split('\n').sort()).toEqual([
      'sales:current',
      'sales:fence',
      'sales:g1',
      'sales:g1:1:1',
      'sales:g1:1:2',
      'sales:g2',
      'sales:g2:1:3',
      'sales:generations',
    ]);
  });

  it('leaves the keys of others alone when it counts and drops', async () => {
    const server = await startTestRedis();
    const others = ['sales:g1', 'sales:g1x:k', 'xsales:g1:k', 'sales:g10:k', 'a'];
    for (const key of others) if (key !== 'sales:g1') await server.cli('SET', key, 'v');
    const store = openTestStore(server.url);
    await stage(
      store,
      Array.from({ length: 5000 }, (_, index): KvRow => [`${index}`, 'f', 'v']),
    );
    expect(await store.count('g1')).toEqual({ keys: 5000, values: 5000 });
    await store.drop('g1', FENCE);
    const left = (await server.cli('KEYS', '*')).split('\n').sort();
    expect(left).toEqual(['a', 'sales:fence', 'sales:g10:k', 'sales:g1x:k', 'xsales:g1:k']);
  });

  it('logs in with a password that needs encoding, on every connection', async () => {
    const server = await startTestRedis({ password: PASSWORD });
    const store = openTestStore(server.url);
    await store.ping();
    await stage(store, WEEK);
    expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
    expect(store.url).toBe(`redis://127.0.0.1:${server.port}`);
  });

  it('logs in as a user, and chooses a database', async () => {
    const server = await startTestRedis();
    await server.cli('ACL', 'SETUSER', 'loader', 'on', '>secret-of-loader', '~*', '+@all');
    const store = openTestStore(`redis://loader:secret-of-loader@127.0.0.1:${server.port}/3`);
    await stage(store, WEEK);
    await store.describe('g1', INFO, FENCE);
    await store.publish('g1', FENCE);
    expect(await server.cli('GET', 'sales:current')).toBe('');
    expect(await server.cli('-n', '3', 'GET', 'sales:current')).toBe('g1');
    expect(await server.cli('-n', '3', 'HGET', 'sales:g1:1:2', '2026-11-21')).toBe('3.5');
  });

  it.each([
    ['a wrong password', (url: string) => url.replace(/:[^:@]*@/, ':this-is-wrong@'), 'this-is-wrong'],
    ['no password', (url: string) => url.replace(/:[^:@]*@/, ''), PASSWORD],
    ['a wrong user', (url: string) => url.replace('//:', '//somebody:'), PASSWORD],
  ])('says that the login is refused: %s', async (_, change, password) => {
    const server = await startTestRedis({ password: PASSWORD });
    for (const action of [
      (store: KvStore) => store.ping(),
      (store: KvStore) => store.current(),
      (store: KvStore) => stage(store, WEEK),
    ]) {
      const error = await failureOf(action(openTestStore(change(server.url))));
      expect(error).toMatchObject({ code: 'STORE_REFUSED', retryable: false });
      expect(error.message).toContain(`127.0.0.1:${server.port}`);
      expect(error.message).toContain('password');
      expectNoPassword(error, password);
    }
  });

  it('speaks TLS, in reading and in staging', async () => {
    const server = await startTestRedis({ tls: true, password: PASSWORD });
    const store = openTestStore(server.url);
    await stage(store, WEEK);
    expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
    expect(await store.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    expect(server.url).toMatch(/^rediss:/);
    const { cert, key, ca } = TLS_FILES;
    const byName = openTestStore(
      server.url.replace('127.0.0.1', 'localhost').replace(/\?.*/, `?ca=${ca}&cert=${cert}&key=${key}`),
    );
    await stage(byName, WEEK, { shard: 1 });
    expect((await byName.stagedShards('g1')).size).toBe(2);
  });

  it('does not trust a certificate of an unknown authority', async () => {
    const server = await startTestRedis({ tls: true });
    const error = await failureOf(openTestStore(server.url.replace(/\?.*/, '')).ping());
    expect(error).toMatchObject({ code: 'STORE_REFUSED', retryable: false });
    expect(error.message).toMatch(/certificate.*NODE_EXTRA_CA_CERTS/);
  });

  it('says that a server without TLS does not speak it', async () => {
    const server = await startTestRedis();
    const store = openRedis({
      ...{ url: server.url.replace('redis:', 'rediss:'), job: 'sales', clock: systemClock },
      timeouts: { connectMs: 1_000, answerMs: 1_000 },
    });
    onTestFinished(() => store.close());
    const error = await failureOf(store.ping());
    expect(error.code).toBe('STORE_UNAVAILABLE');
    expect(error.message).toContain('TLS');
  });

  it('names host and port where nobody listens', async () => {
    const server = await startTestRedis({ password: PASSWORD });
    await server.kill();
    for (const action of [(store: KvStore) => store.ping(), (store: KvStore) => stage(store, WEEK)]) {
      const error = await failureOf(action(openTestStore(server.url)));
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true, exitCode: 7 });
      expect(error.message).toContain(`127.0.0.1:${server.port}`);
      expectNoPassword(error, PASSWORD);
    }
  });

  it('gives up on a server that accepts and says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const store = openRedis({
      url: `redis://127.0.0.1:${port}`,
      job: 'sales',
      clock: systemClock,
      timeouts: { connectMs: 200, answerMs: 200 },
    });
    onTestFinished(() => store.close());
    expect(await failureOf(store.current())).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('finds marks and data gone after the server was restarted, and can stage again', async () => {
    const server = await startTestRedis();
    const store = openTestStore(server.url);
    await stage(store, WEEK);
    expect((await store.stagedShards('g1')).size).toBe(1);
    await server.restart();
    expect((await store.stagedShards('g1')).size).toBe(0);
    expect(await store.count('g1')).toEqual({ keys: 0, values: 0 });
    await expect(store.publish('g1', FENCE)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await stage(store, WEEK);
    expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
  });

  it('fails, and does not mark the shard, where the server goes away while it is staged', async () => {
    const server = await startTestRedis();
    const store = openTestStore(server.url);
    const interrupted = async function* (): AsyncGenerator<KvBatch> {
      yield kvBatch([['k', 'f', 'v']]);
      await server.restart();
      yield kvBatch([['l', 'f', 'v']]);
    };
    const error = await failureOf(
      store.stage({
        fence: FENCE,
        generation: 'g1',
        layout: 'hash',
        shard: 0,
        batches: interrupted,
        ttlSeconds: null,
        signal: new AbortController().signal,
      }),
    );
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect((await store.stagedShards('g1')).size).toBe(0);
    await stage(store, WEEK);
    expect((await store.stagedShards('g1')).size).toBe(1);
  });

  it('says that a replica takes no writes', async () => {
    const server = await startTestRedis();
    const store = openTestStore(server.url);
    await stage(store, WEEK);
    await server.cli('REPLICAOF', '127.0.0.1', '1');
    expect(await store.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    for (const action of [
      store.ping(),
      stage(store, WEEK),
      store.publish('g1', FENCE),
      store.drop('g1', FENCE),
    ]) {
      const error = await failureOf(action);
      expect(error).toMatchObject({ code: 'STORE_REFUSED', message: expect.stringContaining('replica') });
    }
  });

  it('says that the memory of the server is used up, and does not mark the shard', async () => {
    const server = await startTestRedis({ args: ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'] });
    const store = openTestStore(server.url);
    const rows = Array.from({ length: 40_000 }, (_, index): KvRow => [`${index}`, 'f', 'x'.repeat(100)]);
    const error = await failureOf(stage(store, rows));
    expect(error).toMatchObject({ code: 'STORE_REFUSED', message: expect.stringContaining('maxmemory') });
    expect((await store.stagedShards('g1')).size).toBe(0);
    await store.drop('g1', FENCE);
    expect(await store.generations()).toEqual([]);
  });

  it('says what a user may not do', async () => {
    const server = await startTestRedis();
    await server.cli('ACL', 'SETUSER', 'reader', 'on', '>secret-of-reader', '~*', '+@read', '+@connection');
    const store = openTestStore(`redis://reader:secret-of-reader@127.0.0.1:${server.port}`);
    expect(await store.current()).toBeUndefined();
    for (const action of [store.ping(), stage(store, WEEK)]) {
      const error = await failureOf(action);
      expect(error).toMatchObject({ code: 'STORE_REFUSED', message: expect.stringContaining('right') });
      expectNoPassword(error, 'secret-of-reader');
    }
  });

  it('does not write to another database than the one that was named', async () => {
    const server = await startTestRedis();
    for (const action of [(store: KvStore) => store.ping(), (store: KvStore) => stage(store, WEEK)]) {
      const error = await failureOf(action(openTestStore(`${server.url}/99`)));
      expect(error).toMatchObject({ code: 'STORE_REFUSED', message: expect.stringContaining('database') });
    }
    expect(await server.cli('DBSIZE')).toBe('0');
  });
});
