import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { LocalStorage } from '../../../src/storage/local/local-storage.ts';
import { describeStorage } from '../storage-contract.ts';

async function openEmpty(): Promise<LocalStorage> {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-storage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return new LocalStorage(folder);
}

describeStorage('a folder', openEmpty);

it('refuses a key that leads out of its folder', async () => {
  const storage = await openEmpty();
  await expect(storage.put('../x', Buffer.from('x'))).rejects.toMatchObject({ code: 'USAGE' });
});
