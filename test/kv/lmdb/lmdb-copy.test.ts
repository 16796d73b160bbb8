import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { copyLmdbFile } from '../../../src/kv/lmdb/lmdb-copy.ts';
import { unlessFenced } from '../../../src/kv/lmdb/lmdb-fence.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { INFO, stage, WEEK } from '../store-contract.ts';

const OLD = { lineage: 'folder-1', token: 10 };
const NEW = { lineage: 'folder-1', token: 11 };

it('the copy of a process that lost the lock meanwhile does not take the place of what its successor has published', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-'));
  const store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  await store.claim(OLD);
  await stage(store, WEEK, { generation: 'g1', fence: OLD });
  const file = (name: string): string => join(folder, `sales.${name}`);

  const late = copyLmdbFile({
    ...{ from: file('g1.lmdb'), to: file('g2.lmdb') },
    async prepare() {
      await store.claim(NEW);
      await stage(store, [['1:1', '2026-11-21', 'newer']], { generation: 'g2', fence: NEW });
      await store.describe('g2', INFO, NEW);
      await store.publish('g2', NEW);
    },
    unlessFenced: (step) => unlessFenced({ path: file('current'), job: 'sales', fence: OLD }, step),
  });

  await expect(late).rejects.toMatchObject({ code: 'FENCED' });
  expect(await store.get('g2', '1:1', '2026-11-21')).toBe('newer');
  expect(await store.count('g2')).toEqual({ keys: 1, values: 1 });
  expect((await readdir(folder)).filter((name) => name.includes('.tmp'))).toEqual([]);
});
