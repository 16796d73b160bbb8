import { linkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { systemErrorCode } from '../../core/errors.ts';
import { temporaryName } from '../../core/files/durable-file.ts';

/** Processes that may read one file at a time. LMDB's own limit is 126. */
export const MAX_READERS = 1024;

/** LMDB's table of readers: 64 bytes each behind a header, in whole pages. */
const LOCK_BYTES = 17 * 4096;
const BLOCK_BYTES = 512;

/**
 * Makes the lock file of an LMDB file where there is none, with every byte written. LMDB's own is sparse
 * and mapped into memory: on a full volume, touching a page that has no block behind it ends the process
 * with SIGBUS. LMDB takes a file of zeros for a new one.
 */
export function reserveLockFile(path: string): void {
  const lock = `${path}-lock`;
  if (statSync(lock, { throwIfNoEntry: false }) !== undefined) return;
  const prepared = temporaryName(lock);
  try {
    writeFileSync(prepared, Buffer.alloc(LOCK_BYTES), { flag: 'wx' });
    linkSync(prepared, lock);
  } catch (error) {
    // Another process was first, or the file system has no hard links: then LMDB makes its own.
    if (!['EEXIST', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(systemErrorCode(error) ?? ''))
      throw error;
  } finally {
    rmSync(prepared, { force: true });
  }
}

/** Whether some page of the lock file has no block on the disk, as those that LMDB made itself. */
export function isLockFileSparse(path: string): boolean {
  const found = statSync(`${path}-lock`, { throwIfNoEntry: false });
  return found === undefined || found.blocks * BLOCK_BYTES < found.size;
}
