import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { temporaryName } from '../../core/durable-file.ts';
import { STAND_IN_MS } from '../../core/mirror.ts';
import type { ObjectHead, ObjectStorage } from '../../storage/object-storage.ts';

/** Bytes that are asked for at once: of a large object nothing more is in memory. */
const PIECE_BYTES = 8 * 2 ** 20;
/** An object that is replaced while it is read is read again, so often. */
const MOST_ATTEMPTS = 5;

/** Puts a file in place that has a size and no content: it takes no space. */
export function writeStandIn(path: string, bytes: number): Promise<void> {
  return replaceFile(path, async (file) => {
    await file.truncate(bytes);
    await file.utimes(STAND_IN_MS, STAND_IN_MS);
  });
}

/** Puts an object in place of the file; gives its version, or null where there is no such object. */
export async function download(storage: ObjectStorage, key: string, path: string): Promise<string | null> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const head = await storage.head(key);
    if (head === null) return null;
    if (await copyVersion(storage, key, head, path)) return head.version;
  }
  throw new Error(`${storage.addressOf(key)} is replaced again and again while it is read`);
}

/** False: it is another version by now. */
async function copyVersion(
  storage: ObjectStorage,
  key: string,
  { bytes, version }: ObjectHead,
  path: string,
): Promise<boolean> {
  let isWhole = true;
  await replaceFile(path, async (file) => {
    for (let start = 0; start < bytes && isWhole; start += PIECE_BYTES) {
      const end = Math.min(start + PIECE_BYTES, bytes);
      const piece = await storage.readRange(key, { start, end, version });
      if (piece === null) isWhole = false;
      else await file.write(piece, 0, piece.length, start);
    }
    return isWhole;
  });
  return isWhole;
}

/** @param write says `false` where the file is to stay as it was */
async function replaceFile(path: string, write: (file: FileHandle) => Promise<unknown>): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    let isWanted: unknown;
    try {
      isWanted = await write(file);
    } finally {
      await file.close();
    }
    if (isWanted !== false) await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
