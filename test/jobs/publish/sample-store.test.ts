import { expect, it } from 'vitest';
import { sampleStore, spread } from '../../../src/jobs/publish/sample-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import type { Workers } from '../../../src/tasks/workers.ts';

it('says how many of the values that it looked for are gone', async () => {
  const keys = ['a', 'b', 'c'].map((key) => ({ key, field: null }));
  const asked: unknown[] = [];
  const workers = {
    run: async (task: string, request: object) => {
      asked.push([task, request]);
      return keys;
    },
  } as unknown as Workers;
  const store = {
    getMany: async (generation: string) => [generation, undefined, '3'],
  } as Partial<KvStore> as KvStore;
  const run = { runId: 'r1', memoryLimit: '1GB' };
  const shards = Array.from({ length: 10 }, (_, index) => index);
  expect(await sampleStore(store, { workers, run, shards })).toEqual({ looked: 3, missing: 1 });
  expect(asked).toEqual([['sample-keys', { ...run, shards: [0, 3, 6, 9], rows: 64 }]]);
});

it.each([
  [1, [0]],
  [4, [0, 1, 2, 3]],
  [5, [0, 1, 3, 4]],
  [100, [0, 33, 66, 99]],
])('of %i parts it looks into the first, the last and some between', (count, expected) => {
  const parts = Array.from({ length: count }, (_, index) => index);
  expect(spread(parts, 4)).toEqual(expected);
});
