import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KV_LAYOUTS } from '../../../src/core/plan.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeStoreContract, stage as stageRows, WEEK } from '../store-contract.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
});

const underTest = async () => ({
  open: (job = 'sales') => openStore({ url: server.url, job }),
  cleanUp: async () => {
    await server.cli('FLUSHALL');
  },
});
describeStoreContract('Redis, hash', underTest, 'hash');
describeStoreContract('Redis, packed', underTest, 'packed');

describe.each(KV_LAYOUTS)('counting what Redis holds, %s', (layout) => {
  const stage: typeof stageRows = (to, rows, options = {}) => stageRows(to, rows, { layout, ...options });
  const WHOLE = { keys: 2, values: 3 };
  let store: KvStore;
  beforeEach(async () => {
    store = openStore({ url: server.url, job: 'sales' });
    await stage(store, WEEK);
  });
  afterEach(async () => {
    await store.close();
    await server.cli('FLUSHALL');
  });

  it('visits no key where the marks and the size of the database agree', async () => {
    await server.cli('CONFIG', 'RESETSTAT');
    expect(await store.count('g1')).toEqual(WHOLE);
    expect(await server.cli('INFO', 'commandstats')).not.toMatch(/cmdstat_(scan|hlen|getrange)/);
  });

  it('counts a key once whose rows lie in two shards that follow each other', async () => {
    await stage(store, [['1:2', '2026-11-22', '4.5']], { shard: 1 });
    await stage(store, [['1:2', '2026-11-23', '5.5']], { shard: 2 });
    expect(await store.count('g1')).toEqual({ keys: 2, values: 5 });
  });

  it.each<[what: string, spoil: () => Promise<unknown>, counts: { keys: number; values: number }]>([
    ['a key was deleted', () => server.cli('DEL', 'sales:g1:1:2'), { keys: 1, values: 2 }],
    ['others use the database', () => server.cli('SET', 'other', 'x'), WHOLE],
    [
      'a shard was staged twice',
      () => stage(store, [...WEEK, ['1:2', '2026-11-22', '4.5']]),
      { keys: 2, values: 4 },
    ],
    ['two shards have the same rows', () => stage(store, WEEK, { shard: 1 }), WHOLE],
    [
      'a mark is gone',
      async () => {
        await stage(store, [['1:3', '2026-11-21', '1.0']], { shard: 1 });
        await server.cli('HDEL', 'sales:g1', 'shard:1');
      },
      { keys: 3, values: 4 },
    ],
    [
      'another generation lost a key',
      async () => {
        await stage(store, WEEK, { generation: 'g0' });
        await server.cli('DEL', 'sales:g0:1:1');
      },
      WHOLE,
    ],
  ])('is right where %s', async (_, spoil, counts) => {
    await spoil();
    expect(await store.count('g1')).toEqual(counts);
  });

  it('is right with values that end by themselves', async () => {
    await stage(store, WEEK, { generation: 'g2', ttlSeconds: 1000 });
    expect(await store.count('g2')).toEqual(WHOLE);
  });
});
