import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../../../src/kv/open-store.ts';
import type { KvBatch, KvStore } from '../../../../src/kv/store.ts';
import { type KvRow, kvBatch } from '../../../support/kv-batch.ts';
import { startSentinels } from '../../../support/redis-group.ts';
import { FENCE, INFO, stage, WEEK } from '../../store-contract.ts';

const ROWS = Array.from(
  { length: 7_000 },
  (_, row): KvRow => [`key ${Math.floor(row / 7)}`, `day ${row % 7}`, `value ${row}`],
);

describe('the primary that sentinels name', () => {
  let group: Awaited<ReturnType<typeof startSentinels>>;
  let store: KvStore;
  beforeAll(async () => {
    group = await startSentinels();
  });
  afterAll(async () => {
    await group.stop();
  });
  beforeEach(() => {
    store = openStore({ url: group.url, job: 'sales' });
  });
  afterEach(async () => {
    await store.close();
  });

  it('is written to and read from', async () => {
    await store.ping();
    await stage(store, WEEK);
    await store.describe('g1', INFO, FENCE);
    await store.claim(FENCE);
    await store.publish('g1', FENCE);
    expect(await group.cli(await group.primary(), 'GET', 'sales:current')).toBe('g1');
    expect(await store.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    expect(store.url).toBe(group.url);
  });

  it('is found through the next sentinel where one does not answer', async () => {
    const other = openStore({ url: group.url.replace('//', '//127.0.0.1:1,'), job: 'sales' });
    expect(await other.current()).toBe('g1');
    await other.close();
  });

  it('has to have the name', async () => {
    const other = openStore({ url: group.url.replace('/predictions', '/others'), job: 'sales' });
    await expect(other.ping()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/no primary called "others".*sentinel monitor/),
    });
    await other.close();
  });

  it('changes while connections are open: READONLY leads to the new one', async () => {
    await stage(store, WEEK, { generation: 'g3' });
    const before = await group.primary();
    await group.failOver();
    const after = await vi.waitFor(async () => {
      const primary = await group.primary();
      expect(primary).not.toBe(before);
      return primary;
    }, 30_000);
    // The sentinels do it, too, some ten seconds later, and end its connections: so the client has to find out.
    await group.cli(before, 'REPLICAOF', '127.0.0.1', String(after));
    await stage(store, WEEK, { generation: 'g3', shard: 1 });
    await store.publish('g3', FENCE);
    expect(await group.cli(after, 'GET', 'sales:current')).toBe('g3');
    expect([...(await store.stagedShards('g3')).keys()].sort()).toEqual([0, 1]);
    await store.publish('g1', FENCE);
  });

  it('changes in the middle of a load, which begins again on the new one', async () => {
    const before = await group.primary();
    let isOver = false;
    const batches = async function* (): AsyncGenerator<KvBatch> {
      yield kvBatch(ROWS.slice(0, 3_500));
      if (!isOver) await group.kill(before);
      isOver = true;
      yield kvBatch(ROWS.slice(3_500));
    };
    const signal = new AbortController().signal;
    await store.stage({
      fence: FENCE,
      generation: 'g2',
      layout: 'hash',
      shard: 0,
      batches,
      ttlSeconds: null,
      signal,
    });
    expect(await group.primary()).not.toBe(before);
    expect(await store.count('g2')).toEqual({ keys: 1_000, values: 7_000 });
    expect(await store.current()).toBe('g1');
    await store.publish('g2', FENCE);
    expect(await store.current()).toBe('g2');
  });
});
