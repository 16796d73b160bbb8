import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KvLayout } from '../../src/core/plan.ts';
import { keySide } from '../../src/kv/canary.ts';
import { openStore } from '../../src/kv/open-store.ts';
import type { KvStore } from '../../src/kv/store.ts';
import { createLookup, type Lookup } from '../../src/lookup/lookup.ts';
import { FENCE, INFO, stage } from '../kv/store-contract.ts';
import type { KvRow } from '../support/kv-batch.ts';
import { temporaryFolder } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const PRODUCTS = Array.from({ length: 60 }, (_, product) => product);
const DATES = ['2026-11-21', '2026-11-22'];
const keysOf = (side: 'published' | 'canary', share: number): readonly number[] =>
  PRODUCTS.filter((product) => keySide(`1:${product}`, share) === side);

/** Every value of a generation is its number. */
const rowsOf = (value: number): KvRow[] =>
  PRODUCTS.flatMap((product) => DATES.map((date): KvRow => [`1:${product}`, date, String(value)]));

const STORES: readonly (readonly [kind: string, layout: KvLayout])[] = [
  ['LMDB', 'hash'],
  ['Redis', 'hash'],
  ['Redis', 'packed'],
];

describe.each(STORES)('a canary in %s, %s', (kind, layout) => {
  let redis: RedisServer | undefined;
  let url: string;
  let store: KvStore;
  let lookup: Lookup;

  beforeAll(async () => {
    if (kind === 'Redis') redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    url = redis?.url ?? `lmdb:${await temporaryFolder()}`;
    store = openStore({ url, job: 'sales' });
    lookup = createLookup({ job: 'sales', url, refreshMs: 0 });
    for (const value of [1, 2, 3]) await load(value);
    await store.publish('g1', FENCE);
  });
  afterEach(async () => {
    await lookup.close();
    await store.close();
    await redis?.cli('FLUSHALL');
  });

  async function load(value: number): Promise<void> {
    const generation = `g${value}`;
    await stage(store, rowsOf(value), { generation, layout });
    await store.describe(generation, { ...INFO, runId: generation }, FENCE);
  }
  const [canaryKey = 0] = keysOf('canary', 0.2);
  const [publishedKey = 0] = keysOf('published', 0.2);
  const canaryOf = (share: number) => ({ generation: 'g2', share });

  it('answers its keys, also as series and among many, and says the names of both', async () => {
    await store.publish('g1', FENCE, canaryOf(0.2));
    const canary = { published: 'g1', canary: 'g2', share: 0.2 };
    const asked = [publishedKey, canaryKey].map((product) => ({ store: 1, product, date: '2026-11-21' }));
    const expected = [
      { value: 1, run: 'g1', canary },
      { value: 2, run: 'g2', canary },
    ];
    expect(await lookup.getMany(asked)).toMatchObject(expected);
    for (const [index, columns] of asked.entries()) {
      expect(await lookup.get(columns)).toMatchObject(expected[index] ?? {});
      const series = await lookup.series({ store: 1, product: columns.product });
      expect([...(series?.values ?? [])]).toEqual(DATES.map((date) => [date, index + 1]));
      expect(series).toMatchObject({ run: `g${index + 1}`, canary });
    }
    expect(await lookup.info()).toMatchObject({ generation: 'g1', canary });
  });

  it('ends with the next publication', async () => {
    await store.publish('g1', FENCE, canaryOf(0.2));
    expect((await lookup.get({ store: 1, product: canaryKey, date: '2026-11-21' }))?.value).toBe(2);
    await store.publish('g1', FENCE);
    const back = await lookup.get({ store: 1, product: canaryKey, date: '2026-11-21' });
    expect(back).toEqual({ value: 1, run: 'g1', createdAt: INFO.createdAt, model: INFO.model });
    expect((await lookup.info()).canary).toBeUndefined();
  });

  it('that the store has lost is not read: all keys have their published prediction', async () => {
    await store.publish('g1', FENCE, canaryOf(0.2));
    await lookup.info();
    const real = store.info.bind(store);
    const isLost = vi
      .spyOn(Object.getPrototypeOf(store), 'info')
      .mockImplementation(async (generation) =>
        generation === 'g2' ? undefined : real(generation as string),
      );
    try {
      const all = createLookup({ job: 'sales', url, refreshMs: 0 });
      expect((await all.get({ store: 1, product: canaryKey, date: '2026-11-21' }))?.value).toBe(1);
      await all.close();
      // Known, and lost since: a key that it does not have is looked for again.
      expect(await lookup.get({ store: 1, product: canaryKey, date: '2030-01-01' })).toBeUndefined();
    } finally {
      isLost.mockRestore();
    }
  });

  it('never gives a mixture while it starts, grows, is promoted and is taken back', async () => {
    let isOver = false;
    const wrong: string[] = [];
    const seen = new Set<string>();
    const read = async (refreshMs: number): Promise<void> => {
      const reader = createLookup({ job: 'sales', url, refreshMs });
      for (; !isOver; await setImmediate()) {
        const list = PRODUCTS.map((product) => ({ store: 1, product, date: '2026-11-22' }));
        const found = await reader.getMany(list);
        const note = found[0]?.canary;
        seen.add(note === undefined ? `${found[0]?.run}` : `${note.published}+${note.canary}@${note.share}`);
        for (const [index, each] of found.entries()) {
          const side = note && keySide(`1:${index}`, note.share);
          const expected = note === undefined ? found[0]?.run : note[side ?? 'published'];
          if (each?.run !== expected || `g${each?.value}` !== expected) wrong.push(JSON.stringify(each));
        }
        const product = Math.floor(Math.random() * PRODUCTS.length);
        const series = await reader.series({ store: 1, product });
        const values = [...(series?.values.values() ?? [])];
        if (values.length !== 2 || values.some((value) => `g${value}` !== series?.run))
          wrong.push(JSON.stringify(series));
      }
      await reader.close();
    };
    const readers = [read(0), read(0), read(5)];
    const sawAll = async (state: string) =>
      vi.waitFor(() => expect(seen).toContain(state), { timeout: 10_000 });
    await sawAll('g1');
    for (const share of [0.05, 0.5]) {
      await store.publish('g1', FENCE, canaryOf(share));
      await sawAll(`g1+g2@${share}`);
    }
    seen.clear();
    await store.publish('g1', FENCE);
    await sawAll('g1');
    await store.publish('g1', FENCE, { generation: 'g3', share: 0.5 });
    await sawAll('g1+g3@0.5');
    // Promoted, and what readers do not see any more is dropped at once.
    await store.publish('g3', FENCE);
    for (const generation of ['g1', 'g2']) await store.drop(generation, FENCE);
    await sawAll('g3');
    isOver = true;
    await Promise.all(readers);
    expect(wrong).toEqual([]);
  });
});

it('in Redis, a publication by a version that knows no canaries ends it', async () => {
  const redis = await startRedis();
  try {
    const store = openStore({ url: redis.url, job: 'sales' });
    for (const generation of ['g1', 'g2', 'g3']) await stage(store, rowsOf(1), { generation });
    await store.publish('g1', FENCE, { generation: 'g2', share: 0.5 });
    expect(await redis.cli('GET', 'sales:current')).toBe('g1');
    await redis.cli('SET', 'sales:current', 'g3');
    expect(await store.shown()).toEqual({ generation: 'g3', canary: null });
    await store.close();
  } finally {
    await redis.stop();
  }
});
