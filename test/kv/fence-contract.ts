import { beforeEach, describe, expect, it } from 'vitest';
import type { KvLayout } from '../../src/core/plan.ts';
import type { Fence, KvBatch, KvStore, StagedCounts } from '../../src/kv/store.ts';
import { type KvRow, kvBatch } from '../support/kv-batch.ts';
import { INFO, stage, WEEK } from './store-contract.ts';

const OLD: Fence = { lineage: 'folder-1', token: 10 };
const NEW: Fence = { lineage: 'folder-1', token: 11 };

/** Short values and long ones: so many bytes that they are sent before the shard ends. */
const MANY = 200;
const olderRows = (from: number): readonly KvRow[] =>
  Array.from({ length: MANY }, (_, row) => [`k${from + row}`, 'f', 'older'.padEnd(row < 100 ? 5 : 5_000)]);
const newerRows: readonly KvRow[] = Array.from({ length: 2 * MANY }, (_, row) => [`k${row}`, 'f', 'newer']);

/** What every store promises of a process that lost the job's lock while it wrote: a part of the stores' contract. */
export function describeFencedWrites(
  open: () => KvStore,
  layout: KvLayout,
  /** Whether the store orders what it holds by the number of the shard, so that late values change nothing. */
  { isOrdered }: { readonly isOrdered: boolean },
): void {
  describe('a process that lost the lock', () => {
    let late: KvStore;
    let successor: KvStore;
    beforeEach(async () => {
      late = open();
      successor = open();
      await late.claim(OLD);
    });

    /** The generation of a run, with the values of an older run below its own; published under the newer token. */
    const finish = async (): Promise<void> => {
      await successor.claim(NEW);
      await stage(successor, [...olderRows(0), ...olderRows(MANY)], { layout, fence: NEW, shard: 0 });
      await stage(successor, newerRows, { layout, fence: NEW, shard: 1 });
      await successor.describe('g1', INFO, NEW);
      await successor.publish('g1', NEW);
    };

    const stageLate = (batches: () => AsyncGenerator<KvBatch>): Promise<StagedCounts> =>
      late.stage({
        ...{ generation: 'g1', layout, shard: 0, batches, ttlSeconds: null, fence: OLD },
        signal: new AbortController().signal,
      });

    const seen = async () => {
      const keys = [0, 1, MANY - 1, MANY, 2 * MANY - 1].map((row) => ({ key: `k${row}`, field: 'f' }));
      return new Set(await open().getMany('g1', keys));
    };

    it('writes no older value over a newer one when it goes on in the middle of a shard', async () => {
      const outcome = stageLate(async function* () {
        yield kvBatch(olderRows(0));
        await finish();
        yield kvBatch(olderRows(MANY));
      });
      if (isOrdered) await outcome;
      else await expect(outcome).rejects.toMatchObject({ code: 'FENCED' });
      expect(await seen()).toEqual(new Set(['newer']));
      expect(await open().count('g1')).toEqual({ keys: 2 * MANY, values: 2 * MANY });
    });

    it('makes nothing that its successor has dropped', async () => {
      const outcome = stageLate(async function* () {
        yield kvBatch(olderRows(0));
        await successor.claim(NEW);
        await successor.drop('g1', NEW);
        yield kvBatch(olderRows(MANY));
      });
      await outcome.catch(() => {});
      // LMDB lets it write to its end, into a file that has no name any more.
      expect(await open().generations()).toEqual([]);
      expect(await open().count('g1')).toEqual({ keys: 0, values: 0 });
    });

    it('begins no shard, no copy and no description', async () => {
      await stage(successor, WEEK, { layout, generation: 'g0', fence: OLD });
      await successor.describe('g0', INFO, OLD);
      await finish();
      for (const begin of [
        () => stage(late, olderRows(0), { layout, fence: OLD }),
        () => late.extend('g1', { of: 'g0', layout }, OLD),
        () => late.extend('g2', { of: 'g0', layout }, OLD),
        () => late.describe('g1', { ...INFO, model: 'older.onnx' }, OLD),
        () => late.describe('g0', { ...INFO, model: 'older.onnx' }, OLD),
      ])
        await expect(begin()).rejects.toMatchObject({ code: 'FENCED' });
      expect(await seen()).toEqual(new Set(['newer']));
      expect(await open().info('g1')).toEqual(INFO);
      expect([...(await open().generations())]).toEqual(['g0', 'g1']);
    });

    it('writes on under the lock of another folder, whose tokens say nothing of its own', async () => {
      const another = { lineage: 'folder-2', token: 1 };
      let begun = 0;
      await stageLate(async function* () {
        yield kvBatch(olderRows(0));
        if (++begun === 1) await successor.claim(another);
        yield kvBatch(olderRows(MANY));
      });
      expect(await open().count('g1')).toEqual({ keys: 2 * MANY, values: 2 * MANY });
    });
  });
}
