import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import { parseKeyTemplates, predictionAddress } from '../../../src/lookup/key-address.ts';
import type { RunRecord } from '../../../src/runs/record/run-record.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { inProcess } from '../../support/in-process-workers.ts';
import { makeProject, type Project, withoutGates } from '../../support/project.ts';

/** `LIVE_KEYS=all` asks for each of the 700,000 keys of the week, which takes minutes; else there are 20 stores, not 100. */
const ALL = process.env.LIVE_KEYS === 'all';
const AT_ONCE = ALL ? 2_000 : 256;
const STORES = ALL ? 100 : 20;

/** Key columns of every n-th prediction of a run, as texts. */
async function keysOf(folder: string, record: RunRecord, every: number): Promise<Record<string, string>[]> {
  const parts = record.output.parts.map(({ file }) => join(folder, 'runs', record.runId, file));
  const rows = await parquetRows(await openDatabase(), ...parts);
  return rows
    .filter((_, index) => index % every === 0)
    .map(({ store, product, date }) => ({
      store: String(store),
      product: String(product),
      date: String(date),
    }));
}

/** Keys whose live answer is not, byte for byte, what the store has. */
async function differences(project: Project, job: string, record: RunRecord, every: number) {
  const folder = project.path('out', job);
  const keys = await keysOf(folder, record, every);
  const store = openStore({ job, url: `lmdb:${join(folder, 'kv')}` });
  vi.spyOn(process, 'cwd').mockReturnValue(project.folder);
  const { signal } = new AbortController();
  const workers = inProcess.start({ size: 1, place: { folder, storeUrl: null }, signal });
  const different: unknown[] = [];
  try {
    const info = await store.info(record.runId);
    if (info === undefined) throw new Error('The store has no such generation');
    const templates = parseKeyTemplates(info);
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      const asked = keys.slice(start, start + AT_ONCE).map((columns) => ({
        kind: 'key' as const,
        ...predictionAddress(templates, columns),
        columns,
        changed: {},
      }));
      const stored = await store.getMany(record.runId, asked);
      const run = { runId: record.runId, memoryLimit: '1GB' };
      const live = await workers.run('live-answer', { ...run, questions: asked });
      live.forEach((answer, index) => {
        const isSame = answer.kind === 'value' && answer.text === stored[index];
        if (!isSame) different.push({ asked: asked[index], answer, stored: stored[index] });
      });
    }
    return { keys: keys.length, different };
  } finally {
    vi.restoreAllMocks();
    await workers.close();
    await store.close();
  }
}

describe('a live answer is what the store has, byte for byte', () => {
  it.each(['auto', 'onnxruntime'])('for every key of the golden job, with the engine %s', async (engine) => {
    const project = await makeProject();
    const record = await project.run(['sales', '--engine', engine]);
    expect(await differences(project, 'sales', record, 1)).toEqual({ keys: 7_000, different: [] });
  });

  it.each(['auto', 'onnxruntime'])(
    'for keys of the weekly forecast, with the engine %s',
    async (engine) => {
      const project = await makeProject();
      const job = project.path('jobs/weekly-forecast.yaml');
      const text = withoutGates(await readFile(job, 'utf8'));
      await writeFile(job, text.replace('stores: fixtures/stores.csv', `store: {from: 1, to: ${STORES}}`));
      const run = ['weekly-forecast', '--occurrence', '2026-11-21', '--engine', engine];
      const record = await project.run(run);
      expect(record.rowsOut).toBe(STORES * 7_000);
      const every = ALL ? 1 : 601;
      const keys = Math.ceil((STORES * 7_000) / every);
      expect(await differences(project, 'weekly-forecast', record, every)).toEqual({ keys, different: [] });
    },
    ALL ? 1_800_000 : undefined,
  );
});
