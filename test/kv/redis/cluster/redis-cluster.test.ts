import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { checkRedis } from '../../../../src/cli/doctor/check-redis.ts';
import { systemClock } from '../../../../src/core/effects.ts';
import { KV_LAYOUTS } from '../../../../src/core/plan.ts';
import { openStore } from '../../../../src/kv/open-store.ts';
import { slotOfKey, tagOfSlot } from '../../../../src/kv/redis/cluster/key-slot.ts';
import type { KvBatch, KvStore } from '../../../../src/kv/store.ts';
import { type KvRow, kvBatch } from '../../../support/kv-batch.ts';
import { type RedisCluster, startCluster } from '../../../support/redis-group.ts';
import { describeStoreContract, FENCE, INFO, stage, WEEK } from '../../store-contract.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster.stop();
});

const underTest = async () => ({
  open: (job = 'sales') => openStore({ url: cluster.url, job }),
  cleanUp: () => cluster.flush(),
});
// Hashes take the shorter way, which the tests below take, too; the campaign of servers has the contract for both.
const LAYOUTS = process.env.CLUSTER_LAYOUTS === 'all' ? KV_LAYOUTS : (['packed'] as const);
for (const layout of LAYOUTS) describeStoreContract(`Redis Cluster, ${layout}`, underTest, layout);

const ROWS = Array.from(
  { length: 21_000 },
  (_, row): KvRow => [`key ${Math.floor(row / 7)}`, `day ${row % 7}`, `value ${row}`],
);
const WHOLE = { keys: 3_000, values: 21_000 };
const ASKED = ROWS.map(([key, field]) => ({ key, field }));
const VALUES = ROWS.map(([, , value]) => value);

/** Rows, and something that happens once, when half of them are staged. */
function interrupted(event: () => Promise<unknown>): () => AsyncGenerator<KvBatch> {
  let isOver = false;
  return async function* () {
    for (let start = 0; start < ROWS.length; start += 700) {
      if (start >= ROWS.length / 2 && !isOver) {
        isOver = true;
        await event();
      }
      yield kvBatch(ROWS.slice(start, start + 700));
    }
  };
}

/** The first so many keys of generation g1 that lie in a slot. */
function keysOfSlot(slot: number, count: number): string[] {
  const keys: string[] = [];
  for (let row = 0; keys.length < count; row++)
    if (slotOfKey(`sales:g1:key ${row}`) === slot) keys.push(`key ${row}`);
  return keys;
}

type Master = Awaited<ReturnType<typeof cluster.masters>>[number];

interface Move {
  readonly from: Master;
  readonly to: Master;
  readonly keys: readonly string[];
}

/** Begins to move a slot, with these of its keys. */
async function beginMove(slot: string, { from, to, keys }: Move): Promise<void> {
  await cluster.cli(to.port, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await cluster.cli(from.port, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  if (keys.length === 0) return;
  const target = ['127.0.0.1', String(to.port), '', '0', '5000'];
  await cluster.cli(from.port, 'MIGRATE', ...target, 'KEYS', ...keys);
}

describe('a cluster', () => {
  let store: KvStore;
  beforeEach(() => {
    store = openStore({ url: cluster.url, job: 'sales' });
  });
  afterEach(async () => {
    await store.close();
    await cluster.flush();
  });

  it('agrees with the servers about the slots of keys', async () => {
    const [port = 0] = cluster.ports;
    const keys = [
      '',
      'sales:g1:1:2',
      '{sales}:current',
      'a{b}c',
      'a{}b{c}',
      'a{b',
      'ä{日}',
      '{a}{b}',
      'x}{y}',
    ];
    for (const key of keys)
      expect(String(slotOfKey(key))).toBe(await cluster.cli(port, 'CLUSTER', 'KEYSLOT', key));
    for (const slot of [0, 5461, 16_383]) expect(slotOfKey(`a:{${tagOfSlot(slot)}}:b`)).toBe(slot);
  });

  it('is how other services read: the pointer has the job in braces, a prediction has not', async () => {
    await stage(store, [...WEEK, ['{1}:2', '2026-11-21', '9']]);
    await store.describe('g1', INFO, FENCE);
    await store.claim(FENCE);
    await store.publish('g1', FENCE);
    const [port = 0] = cluster.ports;
    expect(await cluster.cli(port, '-c', 'GET', '{sales}:current')).toBe('g1');
    expect(await cluster.cli(port, '-c', 'HGET', 'sales:g1:1:1', '2026-11-22')).toBe('2.5');
    expect(await cluster.cli(port, '-c', 'HGET', 'sales:g1:{1}:2', '2026-11-21')).toBe('9');
  });

  it('spreads the predictions over all masters', async () => {
    await stage(store, ROWS);
    for (const { port } of await cluster.masters())
      expect(Number(await cluster.cli(port, 'DBSIZE'))).toBeGreaterThan(500);
  });

  it('visits no key to count where the marks and the sizes of the databases agree', async () => {
    await stage(store, ROWS);
    for (const { port } of await cluster.masters()) await cluster.cli(port, 'CONFIG', 'RESETSTAT');
    expect(await store.count('g1')).toEqual(WHOLE);
    for (const { port } of await cluster.masters())
      expect(await cluster.cli(port, 'INFO', 'commandstats')).not.toMatch(/cmdstat_(scan|hlen)/);
  });

  it('keeps a process that lost its lock from deleting on any master', async () => {
    await stage(store, WEEK);
    await store.claim(FENCE);
    const late = openStore({ url: cluster.url, job: 'sales' });
    await store.claim({ ...FENCE, token: 2 });
    // As one that had looked at the fence before the lock was taken over, and goes on to delete.
    const [port = 0] = cluster.ports;
    await cluster.cli(port, '-c', 'HSET', '{sales}:fence', 'token', '1');
    await expect(late.drop('g1', FENCE)).rejects.toMatchObject({ code: 'FENCED' });
    await late.close();
    expect(await store.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    expect(await store.get('g1', '1:1', '2026-11-21')).toBe('1.5');
  });

  it('is told to be one where a single server is expected', async () => {
    const [port = 0] = cluster.ports;
    const single = openStore({ url: `redis://127.0.0.1:${port}`, job: 'sales' });
    await expect(single.ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('redis+cluster://'),
    });
    await single.close();
  });

  describe('users', () => {
    const docs = readFileSync(new URL('../../../../docs/redis.md', import.meta.url), 'utf8');
    /** Users are known to one node each. */
    const allow = async (name: string, rights: readonly string[]) => {
      for (const port of cluster.ports)
        await cluster.cli(port, 'ACL', 'SETUSER', name, 'reset', 'on', '>pw', ...rights);
      const own = openStore({ url: cluster.url.replace('//', `//${name}:pw@`), job: 'sales' });
      onTestFinished(() => own.close());
      return own;
    };
    const [, written = ''] = /ACL SETUSER jobs on >PASSWORD (~sales:\* ~\{sales\}.*)/.exec(docs) ?? [];
    const RIGHTS = written.split(' ');

    it.each(KV_LAYOUTS)('a job needs what the page says, and no more: %s', async (layout) => {
      expect(RIGHTS).toContain('+wait');
      const own = await allow('jobs', RIGHTS);
      await own.ping();
      await own.claim(FENCE);
      await stage(own, WEEK, { layout });
      await stage(own, [...WEEK, ['1:2', '2026-11-23', '4']], { layout, shard: 1, ttlSeconds: 60 });
      await own.describe('g1', INFO, FENCE);
      expect(await own.count('g1')).toEqual({ keys: 2, values: 4 });
      await own.publish('g1', FENCE);
      const reader = await allow('readers', [
        ...['~sales:*', '~{sales}:*'],
        ...['+get', '+hget', '+hgetall', '+hmget', '+cluster|slots', '+asking'],
      ]);
      expect(await reader.current()).toBe('g1');
      expect(await reader.info('g1')).toEqual(INFO);
      expect(await reader.getMany('g1', [{ key: '1:2', field: '2026-11-21' }])).toEqual(['3.5']);
      expect((await reader.getSeries('g1', '1:2'))?.size).toBe(2);
      await own.withdraw(FENCE);
      await own.drop('g1', FENCE);
    });

    it.each(['+wait', '+type', '+dbsize', '+cluster|slots', '~{sales}:*'])(
      'the first check of a run finds that a job lacks %s',
      async (missing) => {
        const own = await allow(
          'few',
          RIGHTS.filter((each) => each !== missing),
        );
        await expect(own.ping()).rejects.toMatchObject({
          code: 'STORE_REFUSED',
          message: expect.stringContaining('right'),
        });
      },
    );
  });

  it('is looked at by doctor, master by master', async () => {
    const checks = await checkRedis(cluster.url, ['sales'], systemClock);
    expect(checks[0]?.text).toBe('a cluster of 3 masters, each with a replica');
    expect(checks.filter(({ text }) => text.startsWith('Redis '))).toHaveLength(3);
    expect(checks.filter(({ mark }) => mark === 'fail')).toEqual([]);
  });

  describe.each(KV_LAYOUTS)('while it changes, %s', (layout) => {
    const stageWhile = (event: () => Promise<unknown>) =>
      store.stage({
        fence: FENCE,
        generation: 'g1',
        layout,
        shard: 0,
        batches: interrupted(event),
        ttlSeconds: null,
        signal: new AbortController().signal,
      });

    it('stages and counts all while a slot is on its way to another master', async () => {
      const [from, to] = await cluster.masters();
      if (from === undefined || to === undefined) throw new Error('there are no masters');
      const slot = from.slots[0]?.[0] ?? 0;
      const own = keysOfSlot(slot, 6);
      const rows = own.map((key, row): KvRow => [key, 'f', String(row)]);
      await stage(store, rows.slice(0, 3), { layout });
      const names = rows.slice(0, 2).map(([key]) => `sales:g1:${key}`);
      await beginMove(String(slot), { from, to, keys: names });
      // Two keys are there, one is here, and the others are new: they are asked for there.
      await stage(store, rows, { layout, shard: 1 });
      expect(await store.count('g1')).toEqual({ keys: own.length, values: own.length });
      expect(
        await store.getMany(
          'g1',
          rows.map(([key, field]) => ({ key, field })),
        ),
      ).toEqual(rows.map(([, , value]) => value));
      await store.claim(FENCE);
      await store.drop('g1', FENCE);
      expect(await store.count('g1')).toEqual({ keys: 0, values: 0 });
      for (const { port } of [to, from])
        await cluster.cli(port, 'CLUSTER', 'SETSLOT', String(slot), 'NODE', to.id);
    });

    it('stages and counts all where a slot has moved since the shard was begun', async () => {
      // That of the last key, which is staged after the slot has moved.
      const lastSlot = slotOfKey(`sales:g1:${ROWS.at(-1)?.[0]}`);
      const holds = ({ slots }: { readonly slots: readonly (readonly [number, number])[] }): boolean =>
        slots.some(([first, last]) => first <= lastSlot && lastSlot <= last);
      const masters = await cluster.masters();
      const from = masters.find(holds);
      const [to, third] = masters.filter((each) => !holds(each));
      if (from === undefined || to === undefined) throw new Error('no master has the slot');
      const slot = String(lastSlot);
      await stageWhile(async () => {
        const keys = (await cluster.cli(from.port, 'CLUSTER', 'GETKEYSINSLOT', slot, '1000')).split('\n');
        await beginMove(slot, { from, to, keys: keys.filter((key) => key !== '') });
        for (const node of [to, from, third])
          if (node !== undefined) await cluster.cli(node.port, 'CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
      });
      expect(await store.count('g1')).toEqual(WHOLE);
      expect(await store.getMany('g1', ASKED)).toEqual(VALUES);
    });
  });

  // Last: a master less from here on.
  it('stages a shard again from its beginning where a master is killed in the middle', async () => {
    await store.claim(FENCE);
    const [victim] = await cluster.masters();
    await store.stage({
      fence: FENCE,
      generation: 'g1',
      layout: 'hash',
      shard: 0,
      batches: interrupted(() => cluster.kill(victim?.port ?? 0)),
      ttlSeconds: null,
      signal: new AbortController().signal,
    });
    expect([...(await store.stagedShards('g1')).keys()]).toEqual([0]);
    expect(await store.count('g1')).toEqual(WHOLE);
    await store.describe('g1', INFO, FENCE);
    await store.publish('g1', FENCE);
    expect(await store.current()).toBe('g1');
    expect(await store.getMany('g1', ASKED)).toEqual(VALUES);
    await store.publish('g1', FENCE);
    await store.withdraw(FENCE);
    await store.drop('g1', FENCE);
    expect(await store.count('g1')).toEqual({ keys: 0, values: 0 });
  });
});
