import { constants, existsSync, rmSync } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncPath, temporaryName } from '../../core/files/durable-file.ts';

/**
 * Copies the file of a generation that does not change any more. Where the file system can, both share their
 * blocks until one of them is written to (XFS, Btrfs, APFS): then the copy costs nothing at first. The name
 * appears once the copy is whole.
 */
export async function copyLmdbFile(from: string, to: string): Promise<void> {
  const prepared = temporaryName(to);
  try {
    await copyFile(from, prepared, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await syncPath(prepared);
    removeLmdbFile(to);
    await rename(prepared, to);
  } finally {
    await rm(prepared, { force: true });
  }
  await syncPath(dirname(to));
}

/** The lock goes first: a writer that came in between must not share a file under another lock. */
export function removeLmdbFile(path: string): void {
  rmSync(`${path}-lock`, { force: true });
  if (existsSync(path)) rmSync(path, { force: true });
}
