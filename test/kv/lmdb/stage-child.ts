import { openStore } from '../../../src/kv/open-store.ts';
import type { KvBatch } from '../../../src/kv/store.ts';
import { kvBatch } from '../../support/kv-batch.ts';

/**
 * A process that stages one shard, for tests that kill it: `node stage-child.js URL SHARD KEYS [packed]`. It
 * writes `started` once the first rows are in the store, and ends with 0 when the shard is staged.
 */
const FIELDS = 7;
const [url = '', shardText = '', keysText = '', layout] = process.argv.slice(2);
const shard = Number(shardText);
const keys = Number(keysText);

async function* batches(): AsyncGenerator<KvBatch> {
  for (let key = 0; key < keys; key += 100) {
    yield kvBatch(
      Array.from({ length: 100 * FIELDS }, (_, row) => {
        const name = `${shard}:${key + Math.floor(row / FIELDS)}`;
        const field = `2026-11-2${row % FIELDS}`;
        return [name, field, `value of ${name} ${field}`] as const;
      }),
    );
    if (key === 100) process.stdout.write('started\n');
  }
}

const store = openStore({ url, job: 'sales' });
await store.stage({
  fence: { lineage: 'folder-1', token: 1 },
  generation: 'g1',
  layout: layout === 'packed' ? 'packed' : 'hash',
  shard,
  batches,
  ttlSeconds: null,
  signal: new AbortController().signal,
});
await store.close();
