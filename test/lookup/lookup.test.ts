import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../src/core/effects.ts';
import { openStore } from '../../src/kv/open-store.ts';
import type { GenerationInfo, KvStore } from '../../src/kv/store.ts';
import { createLookup, type Lookup } from '../../src/lookup/lookup.ts';
import { FENCE, INFO, stage } from '../kv/store-contract.ts';
import type { KvRow as Row } from '../support/kv-batch.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

/** A clock that stands still until it is told to go on. */
function stoppedClock(): Clock & { passMs(ms: number): void } {
  let nowMs = 0;
  return {
    now: () => new Date(Date.UTC(2026, 10, 21) + nowMs),
    monotonicMs: () => nowMs,
    passMs: (ms) => {
      nowMs += ms;
    },
  };
}

const ORIGIN = { createdAt: INFO.createdAt, model: 'sales.onnx' };

describe.each(['LMDB', 'Redis'])('looking up in %s', (kind) => {
  let server: RedisServer | undefined;
  let folder: string;
  let url: string;
  let store: KvStore;
  let clock: ReturnType<typeof stoppedClock>;
  let lookup: Lookup;

  beforeAll(async () => {
    if (kind === 'Redis') server = await startRedis();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-batch-lookup-'));
    url = server?.url ?? `lmdb:${folder}`;
    store = openStore({ url, job: 'sales' });
    clock = stoppedClock();
    lookup = createLookup({ job: 'sales', url, clock });
  });
  afterEach(async () => {
    await lookup.close();
    await store.close();
    await server?.cli('FLUSHALL');
    await rm(folder, { recursive: true, force: true });
  });

  async function publish(
    generation: string,
    rows: readonly Row[],
    info: Partial<GenerationInfo> = {},
  ): Promise<void> {
    await stage(store, rows, { generation });
    await store.describe(generation, { ...INFO, runId: generation, ...info }, FENCE);
    await store.publish(generation, FENCE);
  }

  const weekOf = (value: string): Row[] => [
    ['1:1', '2026-11-21', value],
    ['1:1', '2026-11-22', value],
    ['1:2', '2026-11-21', value],
  ];
  const asked = { store: 1, product: 1, date: '2026-11-21' };

  it('answers a prediction with the run and the model it comes from', async () => {
    await publish('g1', weekOf('1.5'));
    expect(await lookup.get(asked)).toEqual({ value: 1.5, run: 'g1', ...ORIGIN });
    expect(await lookup.get({ ...asked, date: new Date('2026-11-22') })).toMatchObject({ value: 1.5 });
    expect(await lookup.get({ ...asked, product: 9 })).toBeUndefined();
  });

  it('answers many in the order asked for, and whole series', async () => {
    await publish('g1', weekOf('1.5'));
    const found = await lookup.getMany([{ ...asked, product: 2 }, { ...asked, product: 9 }, asked]);
    expect(found.map((each) => each?.value)).toEqual([1.5, undefined, 1.5]);
    const series = await lookup.series({ store: 1, product: 1 });
    expect(series).toMatchObject({ run: 'g1', ...ORIGIN });
    expect([...(series?.values ?? [])]).toEqual([
      ['2026-11-21', 1.5],
      ['2026-11-22', 1.5],
    ]);
    expect(await lookup.series({ store: 1, product: 9 })).toBeUndefined();
  });

  it('answers objects where the job has several values, and one value where it has no field', async () => {
    const info = { key: '{customer}', field: null, values: ['p10', 'p90'], valueKind: 'json' } as const;
    await publish('g1', [['7', null, '{"p10":1,"p90":null}']], info);
    expect(await lookup.get({ customer: 7 })).toMatchObject({ value: { p10: 1, p90: null } });
    await expect(lookup.series({ customer: 7 })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('refuses columns that do not fit the key', async () => {
    await publish('g1', weekOf('1.5'));
    await expect(lookup.get({ store: 1, date: '2026-11-21' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(lookup.getMany([asked, { ...asked, shop: 1 }])).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('says that nothing is published, and answers once something is', async () => {
    for (const question of [lookup.get(asked), lookup.getMany([asked]), lookup.info()])
      await expect(question).rejects.toMatchObject({ code: 'NOT_FOUND', exitCode: 4 });
    await publish('g1', weekOf('1.5'));
    expect(await lookup.get(asked)).toMatchObject({ value: 1.5 });
    expect(await lookup.info()).toEqual({ ...INFO, generation: 'g1' });
  });

  it('notices a new run after the refresh time, and not before', async () => {
    await publish('g1', weekOf('1'));
    expect(await lookup.get(asked)).toMatchObject({ value: 1, run: 'g1' });
    await publish('g2', weekOf('2'));
    clock.passMs(999);
    expect(await lookup.get(asked)).toMatchObject({ value: 1, run: 'g1' });
    clock.passMs(1);
    expect(await lookup.get(asked)).toMatchObject({ value: 2, run: 'g2' });
    await store.publish('g1', FENCE);
    clock.passMs(1000);
    expect(await lookup.get(asked)).toMatchObject({ value: 1, run: 'g1' });
  });

  it('looks for a newer run at once where it misses', async () => {
    await publish('g1', weekOf('1'));
    expect(await lookup.get(asked)).toMatchObject({ run: 'g1' });
    await publish('g2', [...weekOf('2'), ['1:3', '2026-11-21', '2']]);
    expect(await lookup.get({ ...asked, product: 3 })).toMatchObject({ value: 2, run: 'g2' });
  });

  it('reads the new key where a newer run has other templates', async () => {
    await publish('g1', weekOf('1'));
    await lookup.info();
    await publish('g2', [['2026-11-21', '1:1', '2']], { key: '{date}', field: '{store}:{product}' });
    clock.passMs(1000);
    expect(await lookup.get(asked)).toMatchObject({ value: 2, run: 'g2' });
    expect((await lookup.series({ date: '2026-11-21' }))?.values.get('1:1')).toBe(2);
  });

  it('answers from one run only, while runs follow one another and old ones are dropped', async () => {
    await publish('w0', weekOf('0'));
    const eager = createLookup({ job: 'sales', url, refreshMs: 0 });
    const lazy = createLookup({ job: 'sales', url, refreshMs: 20 });
    const all = weekOf('').map(([key, date]) => ({
      store: 1,
      product: Number(key.split(':')[1]),
      date: date ?? '',
    }));
    let done = false;
    const seen = new Set<string>();
    const ask = async (reader: Lookup) => {
      while (!done) {
        const found = await reader.getMany(all);
        const [first] = found;
        seen.add(first?.run ?? 'miss');
        for (const each of found) {
          expect(each?.run).toBe(first?.run);
          expect(`w${each?.value}`).toBe(first?.run);
        }
        await setImmediate();
      }
    };
    const readers = [ask(eager), ask(lazy)];
    for (let week = 1; week <= 8; week++) {
      await publish(`w${week}`, weekOf(String(week)));
      if (week > 1) await store.drop(`w${week - 2}`, FENCE);
      await setImmediate();
    }
    await vi.waitFor(() => expect(seen).toContain('w8'));
    done = true;
    await Promise.all(readers);
    await eager.close();
    await lazy.close();
    expect(seen).not.toContain('miss');
  });
});
