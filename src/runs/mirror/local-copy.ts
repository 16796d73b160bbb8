import { open, rename, rm } from 'node:fs/promises';
import { temporaryName } from '../../core/files/durable-file.ts';
import { STAND_IN_MS } from '../../core/files/mirror.ts';
import { download } from '../../storage/download.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';

/** An object that is replaced while it is read is read again, so often. */
const MOST_ATTEMPTS = 5;

/** Puts a file in place that has a size and no content: it takes no space. */
export async function writeStandIn(path: string, bytes: number): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.truncate(bytes);
      await file.utimes(STAND_IN_MS, STAND_IN_MS);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Replaces the file by an object and returns the version of the object; null if it does not exist. */
export async function fetchNewest(storage: ObjectStorage, key: string, path: string): Promise<string | null> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const head = await storage.head(key);
    if (head === null) return null;
    if (await download({ storage, key }, head, path)) return head.version;
  }
  throw new Error(`${storage.addressOf(key)} is replaced again and again while it is read`);
}
