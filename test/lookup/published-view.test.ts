import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/core/effects.ts';
import { openStore } from '../../src/kv/open-store.ts';
import type { KvStore } from '../../src/kv/store.ts';
import { PublishedViews } from '../../src/lookup/published-view.ts';
import { FENCE, INFO, stage, WEEK } from '../kv/store-contract.ts';

describe('following the pointer', () => {
  let folder: string;
  let store: KvStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-batch-views-'));
    store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
    for (const generation of ['g1', 'g2']) {
      await stage(store, WEEK, { generation });
      await store.describe(generation, { ...INFO, runId: generation }, FENCE);
    }
    await store.publish('g1', FENCE);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('takes one look for many who ask at once, and reads what a generation says of itself once', async () => {
    const views = new PublishedViews({ store, job: 'sales', refreshMs: 0, clock: systemClock });
    const looks = vi.spyOn(store, 'shown');
    const infos = vi.spyOn(store, 'info');
    const answers = await Promise.all(Array.from({ length: 20 }, () => views.refresh()));
    expect(new Set(answers).size).toBe(1);
    expect(looks).toHaveBeenCalledTimes(1);
    await views.refresh();
    expect(looks).toHaveBeenCalledTimes(2);
    expect(infos).toHaveBeenCalledTimes(1);
  });

  it('looks again where the generation was replaced and dropped between pointer and information', async () => {
    const views = new PublishedViews({ store, job: 'sales', refreshMs: 0, clock: systemClock });
    vi.spyOn(store, 'shown').mockImplementationOnce(async () => ({ generation: 'g0', canary: null }));
    expect((await views.refresh()).generation).toBe('g1');
  });

  it('says that the store has lost the generation that the pointer names', async () => {
    const views = new PublishedViews({ store, job: 'sales', refreshMs: 0, clock: systemClock });
    vi.spyOn(store, 'shown').mockImplementation(async () => ({ generation: 'g0', canary: null }));
    await expect(views.refresh()).rejects.toMatchObject({
      code: 'STORE_INCOMPLETE',
      message: expect.stringContaining('serve-batch publish g0'),
    });
  });

  it('says that the store was emptied, to readers who have seen what it held', async () => {
    const views = new PublishedViews({ store, job: 'sales', refreshMs: 0, clock: systemClock });
    const view = await views.refresh();
    vi.spyOn(store, 'shown').mockImplementation(async () => undefined);
    await expect(views.newerThan(view)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  });

  it('a value that is missing together with all of its generation was lost, and is no miss', async () => {
    const views = new PublishedViews({ store, job: 'sales', refreshMs: 0, clock: systemClock });
    const view = await views.refresh();
    expect(await views.newerThan(view)).toBeUndefined();
    vi.spyOn(store, 'info').mockImplementation(async () => undefined);
    await expect(views.newerThan(view)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  });

  it('looks again after a look that failed', async () => {
    const views = new PublishedViews({ store, job: 'sales', refreshMs: 1000, clock: systemClock });
    vi.spyOn(store, 'shown').mockImplementationOnce(async () => {
      throw new Error('away');
    });
    await expect(views.refresh()).rejects.toThrow('away');
    expect(views.fresh).toBeUndefined();
    expect((await views.refresh()).generation).toBe('g1');
    expect(views.fresh?.generation).toBe('g1');
  });
});
