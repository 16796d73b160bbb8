import { randomUUID } from 'node:crypto';
import { ServeBatchError } from '../core/errors.ts';
import type { ObjectStorage, RequestOptions } from './object-storage.ts';

/**
 * Tries whether a storage refuses to create what is there already, by which everything commits. Some servers take the
 * condition and ignore it: two runs would then both win. Throws `STORAGE_REFUSED` for such a one. Leaves nothing
 * behind.
 */
export async function probeConditions(storage: ObjectStorage, options: RequestOptions = {}): Promise<void> {
  const key = `.serve-batch-probe-${randomUUID()}`;
  try {
    const first = await storage.create(key, Buffer.from('1'), options);
    const second = await storage.create(key, Buffer.from('2'), options);
    if (first === 'won' && second === 'lost') return;
  } finally {
    await storage.delete(key, options);
  }
  throw new ServeBatchError(
    'STORAGE_REFUSED',
    `The storage at ${storage.address} ignores conditions: it created one object twice (If-None-Match). Two runs could publish over each other, so serve-batch writes nothing to it. Use a storage that honours conditional writes: S3, GCS, Azure, MinIO, R2 or Ceph.`,
  );
}
