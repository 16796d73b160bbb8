import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../../src/kv/open-store.ts';
import type { KvBatch, KvStore } from '../../../../src/kv/store.ts';
import { kvBatch, type KvRow as Row } from '../../../support/kv-batch.ts';
import { type RedisServer, startRedis } from '../../../support/redis-server.ts';
import { FENCE, stage as stageRows, WEEK } from '../../store-contract.ts';

let server: RedisServer;
let store: KvStore;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
});
beforeEach(() => {
  store = openStore({ url: server.url, job: 'sales' });
});
afterEach(async () => {
  await store.close();
  await server.cli('FLUSHALL');
});

const stage: typeof stageRows = (to, rows, options = {}) =>
  stageRows(to, rows, { layout: 'packed', ...options });

/** Rows as a shard has them: of one key next to each other. */
function byKey(rows: readonly Row[]): Row[] {
  return [...new Set(rows.map(([key]) => key))].flatMap((key) => rows.filter((row) => row[0] === key));
}

async function content(keys: readonly string[]): Promise<Map<string, Map<string, string>>> {
  const found = new Map<string, Map<string, string>>();
  for (const key of keys) {
    const series = await store.getSeries('g1', key);
    if (series !== undefined) found.set(key, new Map(series));
  }
  return found;
}

describe('a packed key', () => {
  it('is one string: the id of its list of fields, then a line a value', async () => {
    await stage(store, WEEK);
    const packed = await server.cli('GET', 'sales:g1:1:1');
    const [id, ...values] = packed.split('\n');
    expect(values).toEqual(['1.5', '2.5']);
    expect(await server.cli('HGET', 'sales:g1', `fields:${id}`)).toBe('2026-11-21\n2026-11-22');
    expect(await server.cli('HGET', 'sales:g1', 'layout')).toBe('packed');
  });

  it('takes no bytes of field names, however many keys there are', async () => {
    const rows = Array.from(
      { length: 700 },
      (_, row): Row => [`${Math.floor(row / 7)}`, `day ${row % 7}`, '1'],
    );
    await stage(store, rows);
    const fields = await server.cli('HKEYS', 'sales:g1');
    expect(fields.split('\n').filter((field) => field.startsWith('fields:'))).toHaveLength(1);
  });

  it('is whole where its rows lie in several shards, whichever comes first', async () => {
    const shards: Row[][] = [
      [['k', '2026-11-23', 'c']],
      [
        ['k', '2026-11-21', 'a'],
        ['k', '2026-11-24', 'd'],
      ],
      [['k', '2026-11-22', 'b']],
    ];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      await server.cli('FLUSHALL');
      for (const shard of order) await stage(store, shards[shard] ?? [], { shard });
      expect([...((await store.getSeries('g1', 'k'))?.values() ?? [])].join('')).toBe('abcd');
      // The lists of other orders are not the same, the one at the end is.
      expect(await server.cli('GET', 'sales:g1:k')).toMatch(/\na\nb\nc\nd$/);
      expect(await store.count('g1')).toEqual({ keys: 1, values: 4 });
    }
  });

  it('is whole where two writers at once write different fields of it, thousands of times', async () => {
    const keys = Array.from({ length: 4_000 }, (_, index) => `key ${index}`);
    const write = (field: string) =>
      stage(
        openStoreFor(),
        keys.map((key): Row => [key, field, `${field} of ${key}`]),
        { shard: Number(field), rowsPerBatch: 500 },
      );
    const opened: KvStore[] = [];
    const openStoreFor = (): KvStore => {
      const another = openStore({ url: server.url, job: 'sales' });
      opened.push(another);
      return another;
    };
    await Promise.all(['1', '2', '3'].map(write));
    for (const each of opened) await each.close();
    const asked = keys.flatMap((key) => ['1', '2', '3'].map((field) => ({ key, field })));
    expect(await store.getMany('g1', asked)).toEqual(asked.map(({ key, field }) => `${field} of ${key}`));
    expect(await store.count('g1')).toEqual({ keys: 4_000, values: 12_000 });
  });

  it('holds what a model of it says, for any fields and values, shards and orders of staging', async () => {
    const text = fc.oneof(
      fc.constantFrom('1', '2', '10', '', '\n', '\\', '\\n', 'é', '😀', 'Z', 'a\nb'),
      fc.string({ unit: 'binary', maxLength: 6 }),
    );
    const row = fc.tuple(fc.constantFrom('k', 'l', 'm'), text, text);
    const shards = fc.array(fc.array(row, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(shards, fc.array(fc.nat({ max: 3 }), { maxLength: 5 }), async (all, again) => {
        await server.cli('FLUSHALL');
        const expected = new Map<string, Map<string, string>>();
        const order = [...all.keys(), ...again.filter((shard) => shard < all.length)];
        for (const shard of order) {
          const rows = byKey(all[shard] ?? []);
          await stage(store, rows, { shard });
          for (const [key, field, value] of rows)
            expected.set(key, (expected.get(key) ?? new Map<string, string>()).set(field ?? '', value));
        }
        const values = [...expected.values()].reduce((sum, { size }) => sum + size, 0);
        expect(await content(['k', 'l', 'm'])).toEqual(expected);
        expect(await store.count('g1')).toEqual({ keys: expected.size, values });
      }),
      { numRuns: 60 },
    );
  });

  it('has thousands of fields, merged from shards that each have a part', async () => {
    const shardOf = (shard: number): Row[] =>
      Array.from(
        { length: 3_000 },
        (_, index): Row => ['k', `f${index * 2 + shard}`, `${index * 2 + shard}`],
      );
    await stage(store, shardOf(0));
    await stage(store, shardOf(1), { shard: 1 });
    const series = await store.getSeries('g1', 'k');
    expect(series?.size).toBe(6_000);
    for (const [field, value] of series ?? []) expect(field).toBe(`f${value}`);
    expect(await store.count('g1')).toEqual({ keys: 1, values: 6_000 });
  });

  it('gets a new time to live when another shard adds to it', async () => {
    await stage(store, [['k', '1', 'a']], { ttlSeconds: 50 });
    await stage(store, [['k', '2', 'b']], { shard: 1, ttlSeconds: 5000 });
    expect(Number(await server.cli('TTL', 'sales:g1:k'))).toBeGreaterThan(1000);
    expect(await content(['k'])).toEqual(
      new Map([
        [
          'k',
          new Map([
            ['1', 'a'],
            ['2', 'b'],
          ]),
        ],
      ]),
    );
  });

  it('is not there for readers when its list of fields is gone, and does not count', async () => {
    await stage(store, WEEK);
    const [id] = (await server.cli('GET', 'sales:g1:1:2')).split('\n');
    await server.cli('HDEL', 'sales:g1', `fields:${id}`, 'shard:0');
    expect(await store.count('g1')).toEqual({ keys: 1, values: 2 });
    const reader = openStore({ url: server.url, job: 'sales' });
    expect(await reader.get('g1', '1:2', '2026-11-21')).toBeUndefined();
    expect(await reader.getSeries('g1', '1:2')).toBeUndefined();
    expect(await reader.get('g1', '1:1', '2026-11-21')).toBe('1.5');
    await reader.close();
    await stage(store, WEEK);
    expect(await store.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
  });
});

describe('staging that is cut short', () => {
  const ROWS = Array.from(
    { length: 7_000 },
    (_, row): Row => [`key ${Math.floor(row / 7)}`, `day ${row % 7}`, `value ${row}`],
  );
  // The key in the middle lies in both.
  const SHARDS = [ROWS.slice(0, 3_503), ROWS.slice(3_503)];

  /** Rows, and in their middle the connection goes: what was sent so far may or may not have arrived. */
  async function* cutShort(rows: readonly Row[], cutAt: number): AsyncGenerator<KvBatch> {
    for (let start = 0; start < rows.length; start += 100) {
      if (start >= cutAt) await server.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      // Large enough to be sent at once.
      yield kvBatch([...rows.slice(start, start + 100), [`filler ${start}`, 'f', 'x'.repeat(300_000)]]);
    }
  }

  it.each([0, 100, 1_500, 3_400])('after %d rows ends whole once it is staged again', async (cutAt) => {
    for (const shard of [1, 0]) {
      const cut = store.stage({
        fence: FENCE,
        generation: 'g1',
        layout: 'packed',
        shard,
        batches: () => cutShort(SHARDS[shard] ?? [], cutAt),
        ttlSeconds: null,
        signal: new AbortController().signal,
      });
      await expect(cut).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    }
    expect((await store.stagedShards('g1')).size).toBe(0);
    await Promise.all(
      SHARDS.map(async (rows, shard) => {
        const another = openStore({ url: server.url, job: 'sales' });
        await stage(another, rows, { shard });
        await another.close();
      }),
    );
    const places = Array.from({ length: 36 }, (_, index) => ({ key: `filler ${index * 100}`, field: 'f' }));
    const filler = (await store.getMany('g1', places)).filter((value) => value !== undefined).length;
    expect(await store.count('g1')).toEqual({ keys: 1_000 + filler, values: 7_000 + filler });
    const asked = ROWS.map(([key, field]) => ({ key, field }));
    expect(await store.getMany('g1', asked)).toEqual(ROWS.map(([, , value]) => value));
  });
});

describe('a job that changes its layout', () => {
  it('is read on in every generation, by a reader that was there all the time', async () => {
    const reader = openStore({ url: server.url, job: 'sales' });
    const layouts = ['hash', 'packed', 'hash', 'packed'] as const;
    for (const [week, layout] of layouts.entries()) {
      const generation = `g${week}`;
      await stage(store, [['k', 'f', `${layout} ${week}`]], { generation, layout });
      await store.publish(generation, FENCE);
      expect(await reader.get((await reader.current()) ?? '', 'k', 'f')).toBe(`${layout} ${week}`);
    }
    for (const [week, layout] of layouts.entries()) {
      expect(await reader.getSeries(`g${week}`, 'k')).toEqual(new Map([['f', `${layout} ${week}`]]));
      expect(await reader.getMany(`g${week}`, [{ key: 'k', field: 'f' }])).toEqual([`${layout} ${week}`]);
      expect(await store.count(`g${week}`)).toEqual({ keys: 1, values: 1 });
    }
    await reader.close();
  });

  it('is read in generations from before there was a choice', async () => {
    await stage(store, WEEK, { layout: 'hash' });
    await server.cli('HDEL', 'sales:g1', 'layout');
    expect(await store.get('g1', '1:1', '2026-11-22')).toBe('2.5');
  });
});
