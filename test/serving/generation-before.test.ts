import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/effects.ts';
import { openStore } from '../../src/kv/open-store.ts';
import type { KvStore } from '../../src/kv/store.ts';
import { PublishedReader } from '../../src/lookup/published-reader.ts';
import { runPaths } from '../../src/runs/layout.ts';
import { markPublished } from '../../src/runs/publication.ts';
import { GenerationBefore } from '../../src/serving/generation-before.ts';
import { StoreGate } from '../../src/serving/store-gate.ts';
import { stage } from '../kv/store-contract.ts';
import { temporaryFolder } from '../support/project.ts';
import { publish, weekOf } from './served-store.ts';

const [A, B, C] = ['20261121T000000Z-aaaa', '20261122T000000Z-aaaa', '20261123T000000Z-aaaa'] as const;
const KEY = { store: '1', product: '1', date: '2026-11-21' };

describe('what readers saw before', () => {
  let store: KvStore;
  beforeAll(async () => {
    store = openStore({ url: `lmdb:${await temporaryFolder()}`, job: 'sales' });
    await publish(store, A, weekOf('1'), { createdAt: '2026-11-21T00:00:00.000Z' });
    await publish(store, B, weekOf('2'), { createdAt: '2026-11-22T00:00:00.000Z' });
    await publish(store, C, weekOf('3'), { createdAt: '2026-11-23T00:00:00.000Z' });
  });
  afterAll(() => store.close());

  async function find(folderOfJob: string, columns: Readonly<Record<string, string>> = KEY) {
    const reader = new PublishedReader(store, { job: 'sales', refreshMs: 0, clock: systemClock });
    const gate = new StoreGate({ clock: systemClock, deadlineMs: null });
    const before = new GenerationBefore({ store, gate, folderOfJob });
    return before.find(await reader.view(), columns);
  }

  async function folderWith(tokens: Readonly<Record<string, number>>): Promise<string> {
    const folder = join(await temporaryFolder(), 'sales');
    for (const [runId, token] of Object.entries(tokens)) {
      const paths = runPaths(folder, runId);
      await mkdir(paths.folder, { recursive: true });
      await markPublished(paths, { at: new Date(0), token, lineage: 'x' });
    }
    return folder;
  }

  it('is the generation that was published last before, as the runs say', async () => {
    const found = await find(await folderWith({ [A]: 7, [B]: 6, [C]: 8 }));
    expect([found?.view.generation, found?.found]).toEqual([A, '1']);
  });

  it('is none that was loaded and never published', async () => {
    const found = await find(await folderWith({ [A]: 7, [C]: 8 }));
    expect(found?.view.generation).toBe(A);
  });

  it('without the runs, is the newest that was planned earlier', async () => {
    expect((await find('/nowhere'))?.view.generation).toBe(B);
  });

  it('is a series, nothing for an unknown key, and none where the key has other columns', async () => {
    expect((await find('/nowhere', { store: '1', product: '1' }))?.found).toEqual(
      new Map([
        ['2026-11-21', '2'],
        ['2026-11-22', '2'],
      ]),
    );
    expect((await find('/nowhere', { ...KEY, product: '9' }))?.found).toBeUndefined();
    expect(await find('/nowhere', { shop: '1' })).toBeNull();
  });

  it('is none where a generation has been staged and says nothing of itself', async () => {
    const other = openStore({ url: `lmdb:${await temporaryFolder()}`, job: 'sales' });
    await publish(other, B, weekOf('2'));
    await stage(other, weekOf('1'), { generation: A });
    const reader = new PublishedReader(other, { job: 'sales', refreshMs: 0, clock: systemClock });
    const gate = new StoreGate({ clock: systemClock, deadlineMs: null });
    const before = new GenerationBefore({ store: other, gate, folderOfJob: '/nowhere' });
    expect(await before.find(await reader.view(), KEY)).toBeNull();
    await other.close();
  });
});
