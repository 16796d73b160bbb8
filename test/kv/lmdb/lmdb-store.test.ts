import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeKeptBatch } from '../../../src/kv/lmdb/kept-batch.ts';
import { loadLmdb } from '../../../src/kv/lmdb/load-lmdb.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import { kvBatch } from '../../support/kv-batch.ts';
import { describeStoreContract, FENCE, stage, WEEK } from '../store-contract.ts';

describeStoreContract('LMDB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-'));
  return {
    open: (job = 'sales') => openStore({ url: `lmdb:${folder}`, job }),
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  };
});

describe('counting what an LMDB file holds', () => {
  let folder: string;
  let store: KvStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-'));
    store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
    await stage(store, WEEK);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each<[what: string, add: () => Promise<unknown>, counts: { keys: number; values: number }]>([
    [
      'a key goes on in the next shard',
      () => stage(store, [['1:2', '2026-11-22', '4.5']], { shard: 1 }),
      { keys: 2, values: 4 },
    ],
    ['two shards have the same rows', () => stage(store, WEEK, { shard: 1 }), { keys: 2, values: 3 }],
    [
      'three shards share a key in part',
      async () => {
        await stage(
          store,
          [
            ['1:1', '2026-11-22', '4.5'],
            ['1:1', '2026-11-23', '5.5'],
          ],
          { shard: 1 },
        );
        await stage(store, [['1:1', '2026-11-23', '6.5']], { shard: 2 });
      },
      { keys: 2, values: 4 },
    ],
    [
      'a shard was staged in part',
      async () => {
        const cut = new AbortController();
        const batches = async function* () {
          for (let key = 0; key < 3; key++) {
            yield kvBatch(Array.from({ length: 70_000 }, (_, row) => [`2:${key}`, `${row}`, 'v'] as const));
            if (key === 1) cut.abort();
          }
        };
        await expect(
          store.stage({
            fence: FENCE,
            generation: 'g1',
            shard: 1,
            batches,
            ttlSeconds: null,
            layout: 'hash',
            signal: cut.signal,
          }),
        ).rejects.toThrow();
      },
      { keys: 3, values: 70_003 },
    ],
  ])('is right where %s', async (_, add, counts) => {
    await add();
    expect(await store.count('g1')).toEqual(counts);
  });

  it('is right where the keys are read in several pieces', async () => {
    const rows = Array.from({ length: 25_000 }, (_, key) => [`3:${key}`, 'a', 'v'] as const);
    const again = rows.filter((_, key) => key % 5 === 0).map(([key]) => [key, 'b', 'v'] as const);
    await stage(store, rows, { shard: 1 });
    await stage(store, again, { shard: 2 });
    expect(await store.count('g1')).toEqual({ keys: 2 + 25_000, values: 3 + 25_000 + 5_000 });
  });

  it('gives pages of a large file back: those that it has read count as memory of the process', async () => {
    const value = 'v'.repeat(3_000);
    await stage(
      store,
      Array.from({ length: 12_000 }, (_, key) => [`3:${key}`, 'a', value] as const),
      { shard: 1 },
    );
    const opened = vi.spyOn(loadLmdb(), 'open');
    expect(await store.count('g1')).toEqual({ keys: 2 + 12_000, values: 3 + 12_000 });
    expect(opened).toHaveBeenCalled();
  });
});

it('uses the memory of one load for the next', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-'));
  const store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
  try {
    const kept = takeKeptBatch();
    kept.giveBack();
    await stage(store, WEEK);
    expect(takeKeptBatch()).toBe(kept);
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
});

it.runIf(existsSync('/proc/self/maps'))(
  'lets go of pages that it has touched between two loads, and goes on',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-'));
    const store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
    const isMapped = () => readFileSync('/proc/self/maps', 'utf8').includes(`${folder}/sales.g1.lmdb`);
    try {
      await stage(store, WEEK);
      expect(isMapped()).toBe(true);
      await store.unmap?.();
      expect(isMapped()).toBe(false);
      await stage(store, [['1:9', 'a', '7']], { shard: 1 });
      expect(await store.count('g1')).toEqual({ keys: 3, values: 4 });
      expect([...(await store.stagedShards('g1')).keys()]).toEqual([0, 1]);
    } finally {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
