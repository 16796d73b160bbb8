import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KvLayout } from '../../src/core/plan.ts';
import type { Fence, GenerationInfo, KvBatch, KvStore, StagedCounts } from '../../src/kv/store.ts';
import { kvBatch, type KvRow as Row } from '../support/kv-batch.ts';
import { describeFencedWrites } from './fence-contract.ts';

export interface StoreUnderTest {
  /** A new store on the same data. */
  open(job?: string): KvStore;
  cleanUp(): Promise<void>;
}

export const FENCE = { lineage: 'folder-1', token: 1 } as const;

export const INFO: GenerationInfo = {
  runId: 'g1',
  createdAt: '2026-11-21T00:00:00.000Z',
  model: 'sales.onnx',
  modelSha256: 'abc',
  key: '{store}:{product}',
  field: '{date}',
  values: ['prediction'],
  valueKind: 'number',
};

export const WEEK: readonly Row[] = [
  ['1:1', '2026-11-21', '1.5'],
  ['1:1', '2026-11-22', '2.5'],
  ['1:2', '2026-11-21', '3.5'],
];

export interface StageOptions {
  readonly generation?: string;
  readonly layout?: KvLayout;
  readonly shard?: number;
  readonly rowsPerBatch?: number;
  readonly ttlSeconds?: number | null;
  readonly signal?: AbortSignal;
  readonly fence?: Fence;
}

export function stage(
  store: KvStore,
  rows: readonly Row[],
  options: StageOptions = {},
): Promise<StagedCounts> {
  return store.stage({
    fence: options.fence ?? FENCE,
    generation: options.generation ?? 'g1',
    layout: options.layout ?? 'hash',
    shard: options.shard ?? 0,
    batches: () => toBatches(rows, options.rowsPerBatch ?? 1000),
    ttlSeconds: options.ttlSeconds ?? null,
    signal: options.signal ?? new AbortController().signal,
  });
}

async function* toBatches(rows: readonly Row[], rowsPerBatch: number): AsyncGenerator<KvBatch> {
  for (let start = 0; start < rows.length; start += rowsPerBatch)
    yield kvBatch(rows.slice(start, start + rowsPerBatch));
}

const stageRows = stage;

/** What every store promises, with every layout. */
export function describeStoreContract(
  name: string,
  setUp: () => Promise<StoreUnderTest>,
  layout: KvLayout = 'hash',
): void {
  const stage = (store: KvStore, rows: readonly Row[], options: StageOptions = {}) =>
    stageRows(store, rows, { layout, ...options });

  describe(`${name} as a key-value store`, () => {
    let underTest: StoreUnderTest;
    let store: KvStore;
    const opened: KvStore[] = [];
    const open = (job = 'sales') => {
      const another = underTest.open(job);
      opened.push(another);
      return another;
    };

    beforeEach(async () => {
      underTest = await setUp();
      store = open();
    });
    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close();
      await underTest.cleanUp();
    });

    describe('staging', () => {
      it('holds every value that was staged', async () => {
        const staged = await stage(store, WEEK);
        expect(staged).toMatchObject({ keys: 2, values: 3 });
        expect(staged.bytes).toBeGreaterThan(0);
        expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
        for (const [key, field, value] of WEEK) expect(await store.get('g1', key, field)).toBe(value);
      });

      it('holds one value a key where the job has no field', async () => {
        const rows: Row[] = [
          ['1', null, '1.5'],
          ['2', null, ''],
          ['3', null, '{"a":1}'],
        ];
        expect(await stage(store, rows)).toMatchObject({ keys: 3, values: 3 });
        expect(await store.count('g1')).toEqual({ keys: 3, values: 3 });
        expect(
          await store.getMany(
            'g1',
            rows.map(([key]) => ({ key, field: null })),
          ),
        ).toEqual(['1.5', '', '{"a":1}']);
      });

      it.each([
        ['letters of all scripts', 'Malmö:鮨:😀', 'dag · 日', 'värde ✓'],
        ['spaces and colons', ' a : b:', ': :', ' '],
        ['glob characters', 'a*?[b-c]^\\', '*', '?'],
        ['an empty field and value', 'k', '', ''],
        ['names of object members', '__proto__', 'constructor', 'toString'],
        ['line ends, quotes and zero bytes', 'a\r\nb"\'\0\u0001', '\r\n\0', '$3\r\nabc\r\n'],
        ['a long value', 'k', 'f', 'x'.repeat(300_000)],
        ['a long key', 'k'.repeat(1500), 'f'.repeat(1500), 'v'],
        ['JSON', 'k', 'f', '{"p10":1.5,"p90":null,"name":"é\\n"}'],
      ])('keeps %s', async (_, key, field, value) => {
        await stage(store, [
          [key, field, value],
          [`${key}!`, field, 'another'],
        ]);
        expect(await store.get('g1', key, field)).toBe(value);
        expect(await store.get('g1', `${key}!`, field)).toBe('another');
        expect(await store.getSeries('g1', key)).toEqual(new Map([[field, value]]));
        expect(await store.count('g1')).toEqual({ keys: 2, values: 2 });
      });

      it('takes keys that begin with other keys for keys of their own', async () => {
        const keys = ['1', '1:1', '1:10', '1:1\0', '1:1\0\0', '1:1\u0001', '1:1\u0001\u0001'];
        await stage(
          store,
          keys.map((key): Row => [key, 'f', `value of ${key}`]),
        );
        expect(await store.count('g1')).toEqual({ keys: keys.length, values: keys.length });
        for (const key of keys)
          expect(await store.getSeries('g1', key)).toEqual(new Map([['f', `value of ${key}`]]));
      });

      it('counts a key once whose rows lie in several batches', async () => {
        const rows = Array.from(
          { length: 25 },
          (_, index): Row => [`k${Math.floor(index / 10)}`, `f${index}`, `${index}`],
        );
        expect(await stage(store, rows, { rowsPerBatch: 3 })).toMatchObject({ keys: 3, values: 25 });
        expect(await store.count('g1')).toEqual({ keys: 3, values: 25 });
        expect((await store.getSeries('g1', 'k0'))?.size).toBe(10);
      });

      it('takes the last of several rows of one shard with the same key and field', async () => {
        const rows: Row[] = [
          ['k', 'b', 'first'],
          ['k', 'a', 'x'],
          ['k', 'b', 'last'],
        ];
        expect(await stage(store, rows, { rowsPerBatch: 2 })).toMatchObject({ keys: 1, values: 2 });
        expect(await store.get('g1', 'k', 'b')).toBe('last');
        expect(await store.count('g1')).toEqual({ keys: 1, values: 2 });
      });

      it('can be repeated, and ends with the same content', async () => {
        const before = await stage(store, WEEK);
        const again = await stage(open(), WEEK);
        expect(again).toEqual(before);
        expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
        expect([...(await store.stagedShards('g1'))]).toEqual([[0, before]]);
      });

      it('merges a series whose rows lie in two shards', async () => {
        await stage(
          store,
          [
            ['k', '2', 'b'],
            ['k', '3', 'old'],
          ],
          { shard: 0 },
        );
        await stage(
          store,
          [
            ['k', '1', 'a'],
            ['k', '3', 'new'],
          ],
          { shard: 1 },
        );
        expect([...((await store.getSeries('g1', 'k')) ?? [])]).toEqual([
          ['1', 'a'],
          ['2', 'b'],
          ['3', 'new'],
        ]);
        expect(await store.get('g1', 'k', '2')).toBe('b');
        expect(await store.get('g1', 'k', '3')).toBe('new');
        expect(await store.count('g1')).toEqual({ keys: 1, values: 3 });
      });

      it('stages many rows in many batches, from several writers at once', async () => {
        const shards = [0, 1, 2];
        const rowsOf = (shard: number) =>
          Array.from(
            { length: 14_000 },
            (_, row): Row => [`${shard}:${Math.floor(row / 7)}`, `d${row % 7}`, `${row}`],
          );
        await Promise.all(shards.map((shard) => stage(open(), rowsOf(shard), { shard, rowsPerBatch: 2048 })));
        expect(await store.count('g1')).toEqual({ keys: 6_000, values: 42_000 });
        expect([...(await store.stagedShards('g1')).keys()].sort()).toEqual(shards);
        expect(await store.get('g1', '2:1999', 'd6')).toBe('13999');
      });
    });

    describe('marks', () => {
      it('marks a shard once it is staged', async () => {
        expect([...(await store.stagedShards('g1'))]).toEqual([]);
        const seven = await stage(store, WEEK, { shard: 7 });
        const twelve = await stage(store, [['z', 'f', 'v']], { shard: 12 });
        const marks = await open().stagedShards('g1');
        expect(marks).toEqual(
          new Map([
            [7, seven],
            [12, twelve],
          ]),
        );
      });

      it('marks a shard without rows', async () => {
        expect(await stage(store, [])).toEqual({ keys: 0, values: 0, bytes: 0 });
        expect((await store.stagedShards('g1')).has(0)).toBe(true);
      });

      it('does not mark a shard whose rows end in an error, and lists its generation for dropping', async () => {
        const failing = async function* (): AsyncGenerator<KvBatch> {
          yield* toBatches(WEEK, 1);
          throw new Error('the source broke');
        };
        const request = {
          generation: 'g1',
          layout,
          shard: 0,
          ttlSeconds: null,
          signal: new AbortController().signal,
        };
        await expect(store.stage({ fence: FENCE, ...request, batches: failing })).rejects.toThrow(
          'the source broke',
        );
        expect((await store.stagedShards('g1')).size).toBe(0);
        expect(await store.generations()).toEqual(['g1']);
        await store.drop('g1', FENCE);
        expect(await store.generations()).toEqual([]);
      });

      it('stops when it is asked to, without a mark', async () => {
        const controller = new AbortController();
        controller.abort(new Error('enough'));
        await expect(stage(store, WEEK, { signal: controller.signal })).rejects.toThrow('enough');
        expect((await store.stagedShards('g1')).size).toBe(0);
      });
    });

    describe('generations', () => {
      it('tells readers what they read', async () => {
        await store.describe('g1', INFO, FENCE);
        expect(await open().info('g1')).toEqual(INFO);
        await store.describe('g1', { ...INFO, model: 'other.onnx', field: null, valueKind: 'json' }, FENCE);
        expect(await store.info('g1')).toMatchObject({ model: 'other.onnx', field: null, valueKind: 'json' });
        expect(await store.info('g2')).toBeUndefined();
      });

      it('keeps generations and jobs apart', async () => {
        const other = open('sales.b');
        await stage(store, [['k', 'f', 'one']], { generation: 'g1' });
        await stage(store, [['k', 'f', 'ten']], { generation: 'g10' });
        await stage(other, [['k', 'f', 'other']], { generation: 'g1' });
        expect(await store.get('g1', 'k', 'f')).toBe('one');
        expect(await store.get('g10', 'k', 'f')).toBe('ten');
        expect(await other.get('g1', 'k', 'f')).toBe('other');
        expect(await store.count('g1')).toEqual({ keys: 1, values: 1 });
        expect(await store.generations()).toEqual(['g1', 'g10']);
        expect(await other.generations()).toEqual(['g1']);
        await store.drop('g1', FENCE);
        expect(await store.get('g10', 'k', 'f')).toBe('ten');
        expect(await other.get('g1', 'k', 'f')).toBe('other');
      });

      it('drops all of a generation, and can hold it again', async () => {
        await stage(store, WEEK);
        await store.describe('g1', INFO, FENCE);
        await store.drop('g1', FENCE);
        expect(await store.generations()).toEqual([]);
        expect(await store.info('g1')).toBeUndefined();
        expect((await store.stagedShards('g1')).size).toBe(0);
        expect(await store.get('g1', '1:1', '2026-11-21')).toBeUndefined();
        expect(await store.count('g1')).toEqual({ keys: 0, values: 0 });
        await store.drop('g1', FENCE);
        await stage(store, [['new', 'f', 'v']]);
        expect(await store.count('g1')).toEqual({ keys: 1, values: 1 });
      });

      it.each(['', 'a/b', '../x', 'a:b', 'a.b', 'current', 'a*'])(
        'refuses the generation name "%s"',
        async (name) => {
          await expect(stage(store, WEEK, { generation: name })).rejects.toMatchObject({ code: 'USAGE' });
          await expect(store.drop(name, FENCE)).rejects.toMatchObject({ code: 'USAGE' });
        },
      );

      it.each(['', 'a/b', '..', 'a:b', 'a b'])('refuses the job name "%s"', (name) => {
        expect(() => underTest.open(name)).toThrow(expect.objectContaining({ code: 'USAGE' }));
      });
    });

    describe('a generation that extends another', () => {
      const base = { of: 'g1', layout } as const;
      beforeEach(async () => {
        await stage(store, WEEK);
        await store.describe('g1', INFO, FENCE);
      });
      const next = (rows: readonly Row[], shard = 5) => stage(store, rows, { generation: 'g2', shard });

      it('holds what the other one holds, and what is staged over it; the other one stays as it is', async () => {
        expect(await store.extend('g2', base, FENCE)).toBe(true);
        expect(await store.count('g2')).toEqual({ keys: 2, values: 3 });
        await next([
          ['1:1', '2026-11-22', 'new'],
          ['1:1', '2026-11-23', '4.5'],
          ['1:3', '2026-11-21', '5.5'],
        ]);
        expect(await store.count('g2')).toEqual({ keys: 3, values: 5 });
        const reader = open();
        expect([...((await reader.getSeries('g2', '1:1')) ?? [])]).toEqual([
          ['2026-11-21', '1.5'],
          ['2026-11-22', 'new'],
          ['2026-11-23', '4.5'],
        ]);
        expect(await reader.get('g2', '1:2', '2026-11-21')).toBe('3.5');
        expect(await reader.get('g1', '1:1', '2026-11-22')).toBe('2.5');
        expect(await reader.get('g1', '1:3', '2026-11-21')).toBeUndefined();
        expect(await reader.count('g1')).toEqual({ keys: 2, values: 3 });
      });

      it('is not copied again where it was begun, and keeps what was staged since', async () => {
        await store.extend('g2', base, FENCE);
        await next([['1:3', 'f', 'v']]);
        expect(await open().extend('g2', base, FENCE)).toBe(true);
        expect(await store.get('g2', '1:3', 'f')).toBe('v');
        expect((await store.stagedShards('g2')).has(5)).toBe(true);
      });

      it('forgets what was staged before: it has to be staged over the copy', async () => {
        await next([['1:1', '2026-11-21', 'early']]);
        expect(await store.extend('g2', base, FENCE)).toBe(true);
        expect((await store.stagedShards('g2')).has(5)).toBe(false);
        expect(await store.get('g2', '1:1', '2026-11-21')).toBe('1.5');
      });

      it('does not begin where the store does not have the other one', async () => {
        expect(await store.extend('g2', { ...base, of: 'g7' }, FENCE)).toBe(false);
        expect(await store.generations()).toEqual(['g1']);
      });

      it('can be extended itself, also once the first one is dropped', async () => {
        await store.extend('g2', base, FENCE);
        await next([['1:3', 'f', 'v']]);
        await store.describe('g2', { ...INFO, runId: 'g2' }, FENCE);
        await store.drop('g1', FENCE);
        expect(await store.extend('g3', { ...base, of: 'g2' }, FENCE)).toBe(true);
        expect(await store.count('g3')).toEqual({ keys: 3, values: 4 });
        expect(await store.info('g3')).toBeUndefined();
        await store.drop('g2', FENCE);
        expect(await store.getMany('g3', [{ key: '1:3', field: 'f' }])).toEqual(['v']);
      });

      it('copies thousands of keys with fields of many kinds', async () => {
        const rows = Array.from(
          { length: 6_000 },
          (_, index): Row => [`k${index >> 1} é*`, `f${index % 7}`, `${index}`],
        );
        await stage(store, rows, { generation: 'g4' });
        await store.describe('g4', INFO, FENCE);
        await store.extend('g5', { of: 'g4', layout }, FENCE);
        expect(await store.count('g5')).toEqual(await store.count('g4'));
        expect(await store.getSeries('g5', 'k7 é*')).toEqual(await store.getSeries('g4', 'k7 é*'));
      });
    });

    describeFencedWrites(open, layout, { isOrdered: name === 'LMDB' });

    describe('publishing', () => {
      beforeEach(async () => {
        for (const generation of ['g1', 'g2']) {
          await stage(store, [['k', 'f', generation]], { generation });
          await store.describe(generation, { ...INFO, runId: generation }, FENCE);
        }
      });

      it('shows nothing before anything is published', async () => {
        expect(await store.current()).toBeUndefined();
      });

      it('shows the published generation, and the earlier one after a rollback', async () => {
        const reader = open();
        await store.publish('g1', FENCE);
        expect(await reader.current()).toBe('g1');
        await store.publish('g2', FENCE);
        expect(await reader.current()).toBe('g2');
        await store.publish('g1', { ...FENCE, token: 2 });
        expect(await reader.current()).toBe('g1');
        expect(await reader.get('g1', 'k', 'f')).toBe('g1');
      });

      it('tells the last flip and its token, whoever claims the store since', async () => {
        const reader = open();
        expect(await reader.lastFlip()).toBeUndefined();
        await store.publish('g1', { ...FENCE, token: 7 });
        await store.claim({ ...FENCE, token: 8 });
        expect(await reader.lastFlip()).toEqual({ generation: 'g1', fence: { ...FENCE, token: 7 } });
        await store.publish('g2', { ...FENCE, token: 8 });
        expect(await reader.lastFlip()).toEqual({ generation: 'g2', fence: { ...FENCE, token: 8 } });
      });

      it('refuses an older token of the same folder, and changes nothing', async () => {
        await store.publish('g2', { ...FENCE, token: 10 });
        await expect(store.publish('g1', { ...FENCE, token: 9 })).rejects.toMatchObject({
          code: 'FENCED',
          message: expect.stringMatching(/"sales".*10.*9/),
        });
        expect(await store.current()).toBe('g2');
        await store.publish('g1', { ...FENCE, token: 10 });
        expect(await store.current()).toBe('g1');
      });

      it('accepts any token of another folder', async () => {
        await store.publish('g2', { ...FENCE, token: 10 });
        await store.publish('g1', { lineage: 'folder-2', token: 1 });
        expect(await store.current()).toBe('g1');
        await expect(store.publish('g2', { lineage: 'folder-2', token: 0 })).rejects.toMatchObject({
          code: 'FENCED',
        });
      });

      it('refuses whoever held the lock before another one claimed the store, also to drop', async () => {
        await store.publish('g1', { ...FENCE, token: 10 });
        await store.claim({ ...FENCE, token: 11 });
        await stage(store, [['k', 'f', 'new']], { generation: 'g3', fence: { ...FENCE, token: 11 } });
        for (const late of [
          () => store.publish('g2', { ...FENCE, token: 10 }),
          () => store.drop('g2', { ...FENCE, token: 10 }),
          () => store.drop('g3', { ...FENCE, token: 10 }),
          () => store.claim({ ...FENCE, token: 10 }),
        ])
          await expect(late()).rejects.toMatchObject({ code: 'FENCED' });
        expect(await store.generations()).toEqual(['g1', 'g2', 'g3']);
        expect(await store.get('g2', 'k', 'f')).toBe('g2');
        await store.claim({ ...FENCE, token: 11 });
        await store.drop('g2', { ...FENCE, token: 11 });
        await store.claim({ lineage: 'folder-2', token: 1 });
        expect(await store.generations()).toEqual(['g1', 'g3']);
        expect(await store.current()).toBe('g1');
      });

      it('ends with the largest token, however many publish at once', async () => {
        const tokens = [3, 9, 1, 7, 5];
        const attempts = tokens.map((token) =>
          open().publish(token === 9 ? 'g2' : 'g1', { ...FENCE, token }),
        );
        for (const { reason } of (await Promise.allSettled(attempts)).filter(
          (each) => each.status === 'rejected',
        ))
          expect(reason).toMatchObject({ code: 'FENCED' });
        expect(await store.current()).toBe('g2');
        await expect(store.publish('g1', { ...FENCE, token: 8 })).rejects.toMatchObject({ code: 'FENCED' });
      });

      it('refuses a generation that it does not hold', async () => {
        await expect(store.publish('g3', FENCE)).rejects.toMatchObject({ code: 'NOT_FOUND' });
        expect(await store.current()).toBeUndefined();
        expect(await store.generations()).toEqual(['g1', 'g2']);
      });

      it('does not drop the generation that readers see', async () => {
        await store.publish('g1', FENCE);
        await expect(store.drop('g1', FENCE)).rejects.toMatchObject({ code: 'USAGE' });
        expect(await store.get('g1', 'k', 'f')).toBe('g1');
        expect(await store.info('g1')).toMatchObject({ runId: 'g1' });
        await store.publish('g2', FENCE);
        await store.drop('g1', FENCE);
        expect(await store.generations()).toEqual(['g2']);
      });

      it('shows a canary beside the published generation, until the next publication', async () => {
        const reader = open();
        await store.publish('g1', FENCE, { generation: 'g2', share: 0.05 });
        expect(await reader.shown()).toEqual({
          generation: 'g1',
          canary: { generation: 'g2', share: 0.05 },
        });
        expect(await reader.current()).toBe('g1');
        expect(await reader.get('g2', 'k', 'f')).toBe('g2');
        await store.publish('g1', FENCE, { generation: 'g2', share: 0.5 });
        expect((await reader.shown())?.canary?.share).toBe(0.5);
        await store.publish('g2', FENCE);
        expect(await reader.shown()).toEqual({ generation: 'g2', canary: null });
      });

      it('drops neither generation of a canary', async () => {
        await store.publish('g1', FENCE, { generation: 'g2', share: 0.05 });
        for (const generation of ['g1', 'g2'])
          await expect(store.drop(generation, FENCE)).rejects.toMatchObject({ code: 'USAGE' });
        await store.publish('g1', FENCE);
        await store.drop('g2', FENCE);
        expect(await store.generations()).toEqual(['g1']);
      });

      it('refuses a canary of a generation that it does not hold, and of an older token', async () => {
        await store.publish('g1', { ...FENCE, token: 10 });
        const canary = { generation: 'g3', share: 0.05 };
        await expect(store.publish('g1', { ...FENCE, token: 10 }, canary)).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
        const late = store.publish('g1', { ...FENCE, token: 9 }, { ...canary, generation: 'g2' });
        await expect(late).rejects.toMatchObject({ code: 'FENCED' });
        expect(await store.shown()).toEqual({ generation: 'g1', canary: null });
      });

      it('withdraws what readers see, so that all of it can be dropped', async () => {
        await store.publish('g1', { ...FENCE, token: 2 }, { generation: 'g2', share: 0.05 });
        await expect(store.withdraw(FENCE)).rejects.toMatchObject({ code: 'FENCED' });
        await store.withdraw({ ...FENCE, token: 2 });
        expect(await store.shown()).toBeUndefined();
        for (const generation of ['g1', 'g2']) await store.drop(generation, { ...FENCE, token: 2 });
        expect(await store.generations()).toEqual([]);
      });

      it('never shows readers a mixture while generations follow one another', async () => {
        const keys = Array.from({ length: 50 }, (_, index) => ({ key: `key ${index}`, field: 'f' }));
        let done = false;
        const seen = new Set<string>();
        const read = async () => {
          const reader = open();
          while (!done) {
            const generation = await reader.current();
            if (generation?.startsWith('week')) {
              const values = await reader.getMany(generation, keys);
              // A generation that was dropped in between shows as misses, never as values of another.
              for (const value of values) expect([generation, undefined]).toContain(value);
              if ((await reader.current()) === generation) expect(values).not.toContain(undefined);
              seen.add(generation);
            }
            await setImmediate();
          }
        };
        const readers = [read(), read()];
        for (let week = 1; week <= 8; week++) {
          const generation = `week${week}`;
          await stage(
            store,
            keys.map(({ key }): Row => [key, 'f', generation]),
            { generation },
          );
          await store.publish(generation, FENCE);
          if (week > 2) await store.drop(`week${week - 2}`, FENCE);
        }
        await vi.waitFor(() => expect(seen).toContain('week8'));
        done = true;
        await Promise.all(readers);
        expect(seen.size).toBeGreaterThan(1);
      });
    });

    describe('reading', () => {
      beforeEach(async () => {
        await stage(store, WEEK);
      });

      it('answers many keys in the order they were asked for, with undefined for misses', async () => {
        const asked = [
          { key: '1:2', field: '2026-11-21' },
          { key: 'nobody', field: '2026-11-21' },
          { key: '1:1', field: '2026-11-22' },
          { key: '1:1', field: '2030-01-01' },
          { key: '1:1', field: null },
        ];
        expect(await store.getMany('g1', asked)).toEqual(['3.5', undefined, '2.5', undefined, undefined]);
        expect(await store.getMany('g1', [])).toEqual([]);
      });

      it('answers a whole series sorted by field', async () => {
        await stage(
          store,
          [
            ['k', '10', 'c'],
            ['k', '9', 'd'],
            ['k', '1', 'b'],
            ['k', '', 'a'],
          ],
          { shard: 1 },
        );
        expect([...((await store.getSeries('g1', 'k')) ?? [])].map(([field]) => field)).toEqual([
          '',
          '1',
          '10',
          '9',
        ]);
        expect(await store.getSeries('g1', 'nobody')).toBeUndefined();
      });

      it('answers undefined for a generation that is not there', async () => {
        expect(await store.get('g9', '1:1', '2026-11-21')).toBeUndefined();
        expect(await store.getSeries('g9', '1:1')).toBeUndefined();
        expect(await store.getMany('g9', [{ key: '1:1', field: '2026-11-21' }])).toEqual([undefined]);
        expect(await store.count('g9')).toEqual({ keys: 0, values: 0 });
        expect(await store.generations()).toEqual(['g1']);
      });

      it('does not take a value without field for a series', async () => {
        await stage(store, [['plain', null, 'v']], { shard: 1 });
        expect(await store.getSeries('g1', 'plain')).toBeUndefined();
        expect(await store.get('g1', 'plain', 'f')).toBeUndefined();
        expect(await store.get('g1', 'plain', null)).toBe('v');
      });

      it('answers undefined for a key of any length', async () => {
        expect(await store.get('g1', 'x'.repeat(100_000), 'f')).toBeUndefined();
      });
    });

    it('ends values after their time to live, and their marks with them', async () => {
      await stage(store, [['short', 'f', 'v']], { shard: 0, ttlSeconds: 1 });
      await stage(store, [['plain', null, 'v']], { generation: 'g2', ttlSeconds: 1 });
      await stage(store, [['long', 'f', 'v']], { shard: 1, ttlSeconds: 3600 });
      expect(await store.get('g1', 'short', 'f')).toBe('v');
      await vi.waitFor(async () => expect(await store.get('g1', 'short', 'f')).toBeUndefined(), 5000);
      await vi.waitFor(async () => expect(await store.get('g2', 'plain', null)).toBeUndefined(), 5000);
      expect(await store.getSeries('g1', 'short')).toBeUndefined();
      expect(await store.get('g1', 'long', 'f')).toBe('v');
      expect(await store.count('g1')).toEqual({ keys: 1, values: 1 });
      expect([...(await store.stagedShards('g1')).keys()]).toEqual([1]);
      await stage(store, [['short', 'f', 'renewed']], { shard: 0, ttlSeconds: 3600 });
      expect(await store.get('g1', 'short', 'f')).toBe('renewed');
      expect([...(await store.stagedShards('g1')).keys()].sort()).toEqual([0, 1]);
    });

    it('answers a ping, and leaves no generation behind', async () => {
      await store.ping();
      expect(await store.generations()).toEqual([]);
    });
  });
}
