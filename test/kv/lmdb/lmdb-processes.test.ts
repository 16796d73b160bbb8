import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import { kvBatch } from '../../support/kv-batch.ts';
import { FENCE, INFO } from '../store-contract.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const KEYS = 4000;
const FIELDS = 7;

/** Children are real processes, so that `kill -9` means what it says; node runs compiled code only. */
async function compileChild(folder: string): Promise<string> {
  const options = '--ignoreConfig --module nodenext --target es2023 --types node --skipLibCheck';
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  await promisify(execFile)(
    compiler,
    [
      ...options.split(' '),
      '--rewriteRelativeImportExtensions',
      '--rootDir',
      ROOT,
      '--outDir',
      folder,
      'test/kv/lmdb/stage-child.ts',
    ],
    { cwd: ROOT },
  );
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return join(folder, 'test/kv/lmdb/stage-child.js');
}

describe('LMDB with several processes', () => {
  let compiled: string;
  let script: string;
  let folder: string;
  let store: KvStore;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    compiled = await mkdtemp(join(tmpdir(), 'serve-batch-child-'));
    script = await compileChild(compiled);
  }, 60_000);
  afterAll(() => rm(compiled, { recursive: true, force: true }));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-'));
    store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
  });
  afterEach(async () => {
    for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  function startChild(shard: number) {
    const child = spawn(process.execPath, [script, `lmdb:${folder}`, String(shard), String(KEYS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return { child, exit: once(child, 'exit'), started: once(child.stdout, 'data') };
  }

  async function expectWhole(shards: readonly number[]): Promise<void> {
    expect(await store.count('g1')).toEqual({
      keys: shards.length * KEYS,
      values: shards.length * KEYS * FIELDS,
    });
    expect([...(await store.stagedShards('g1')).keys()].sort()).toEqual(shards);
    for (const shard of shards)
      for (let key = 0; key < KEYS; key += 499) {
        const series = await store.getSeries('g1', `${shard}:${key}`);
        expect(series?.size).toBe(FIELDS);
        for (const [field, value] of series ?? []) expect(value).toBe(`value of ${shard}:${key} ${field}`);
      }
  }

  it('takes shards from several processes at once', async () => {
    const exits = await Promise.all([0, 1, 2].map((shard) => startChild(shard).exit));
    expect(exits.map(([code]) => code)).toEqual([0, 0, 0]);
    await expectWhole([0, 1, 2]);
  }, 60_000);

  it('goes on after a writer was killed in the middle, and is whole once its shard is staged again', async () => {
    const survivor = startChild(0);
    const victims = [1, 2].map(startChild);
    for (const { child, started } of victims) {
      await started;
      child.kill('SIGKILL');
    }
    expect((await survivor.exit)[0]).toBe(0);
    for (const victim of victims) await victim.exit;

    const marked = [...(await store.stagedShards('g1')).keys()];
    expect(marked).toContain(0);
    const missing = [1, 2].filter((shard) => !marked.includes(shard));
    expect(missing.length).toBeGreaterThan(0);
    const again = await Promise.all(missing.map((shard) => startChild(shard).exit));
    expect(again.map(([code]) => code)).toEqual(missing.map(() => 0));
    await expectWhole([0, 1, 2]);
  }, 60_000);

  it('shows readers the published generation while writers of the next one are killed', async () => {
    const reader = openStore({ url: `lmdb:${folder}`, job: 'sales' });
    try {
      await store.stage({
        fence: FENCE,
        generation: 'g0',
        layout: 'hash',
        shard: 0,
        batches: async function* () {
          yield kvBatch([['k', 'f', 'old']]);
        },
        ttlSeconds: null,
        signal: new AbortController().signal,
      });
      await store.describe('g0', INFO, FENCE);
      await store.publish('g0', FENCE);
      const { child, exit, started } = startChild(0);
      await started;
      child.kill('SIGKILL');
      await exit;
      expect(await reader.current()).toBe('g0');
      expect(await reader.get('g0', 'k', 'f')).toBe('old');
    } finally {
      await reader.close();
    }
  }, 60_000);
});
