import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/kv/open-store.ts';
import { describeStoreContract } from './store-contract.ts';

describeStoreContract('LMDB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-'));
  return {
    open: (job = 'sales') => openStore({ url: `lmdb:${folder}`, job }),
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  };
});
