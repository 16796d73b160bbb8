import { statSync, truncateSync } from 'node:fs';
import type { RootDatabase } from 'lmdb';
import { EACCES, isForbidden, lmdbError } from './lmdb-error.ts';
import { checkLmdbHeader } from './lmdb-header.ts';
import { isLockFileSparse, MAX_READERS, reserveLockFile } from './lmdb-lock-file.ts';
import { assertDiskSpace, freeAddressSpace, mapBytes } from './lmdb-space.ts';
import { commitFlags, loadLmdb } from './load-lmdb.ts';

export type LmdbDatabase = RootDatabase<Buffer, Buffer>;

export interface LmdbFile {
  readonly path: string;
  readonly db: LmdbDatabase;
  /** Whether the folder or file may only be read. */
  readonly readOnly: boolean;
}

/** Writing two pages takes far less. */
const MAKING_MS = 200;

/**
 * Opens an LMDB file, and makes it where it does not exist.
 *
 * Always for writing where that is permitted: lmdb-js shares one environment among all who open a file
 * in a process, with the rights of the first, and a reader that came first would bar the writers.
 *
 * LMDB crashes the process where the volume or the address space has no room for its files: both are
 * looked at before. Throws `DISK_FULL`, `STORE_UNAVAILABLE` or `STORE_REFUSED`.
 */
export function openLmdbFile(path: string): LmdbFile {
  try {
    const fileBytes = sizeOf(path);
    reserveLockFile(path);
    if (fileBytes === 0 || isLockFileSparse(path)) assertDiskSpace(path);
    return { path, db: loadLmdb().open<Buffer, Buffer>(openOptions(path, fileBytes)), readOnly: false };
  } catch (error) {
    if (!isForbidden(error)) throw lmdbError(error, path);
  }
  try {
    const options = openOptions(path, statSync(path).size);
    return { path, db: loadLmdb().open<Buffer, Buffer>({ ...options, readOnly: true }), readOnly: true };
  } catch (error) {
    throw lmdbError(error, path);
  }
}

/** Bytes of the file. One that its maker had no room for, to which nothing was ever committed, is emptied. */
function sizeOf(path: string): number {
  const size = checkLmdbHeader(path);
  if (size !== 'cut') return size;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MAKING_MS);
  const later = checkLmdbHeader(path);
  if (later !== 'cut') return later;
  truncateSync(path);
  return 0;
}

function openOptions(path: string, fileBytes: number) {
  return {
    path,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    maxDbs: 1,
    maxReaders: MAX_READERS,
    mapSize: mapBytes(path, fileBytes, freeAddressSpace()),
  } as const;
}

/**
 * Runs `write` in one transaction; where it throws, nothing of it stays. The transaction is visible to
 * others at once, and survives the end of the process; see {@link flushLmdbFile} for the end of the machine.
 */
export function writeTransaction(file: LmdbFile, write: (db: LmdbDatabase) => void): void {
  // With a read-only environment lmdb-js would not throw but crash the process.
  if (file.readOnly) throw lmdbError({ code: EACCES, message: 'opened for reading only' }, file.path);
  try {
    file.db.transactionSync(() => write(file.db), commitFlags());
  } catch (error) {
    throw lmdbError(error, file.path);
  }
}

/** Waits until all that was committed, by this process or by others, is on the disk. */
export async function flushLmdbFile(file: LmdbFile, marker: Buffer): Promise<void> {
  if (file.readOnly) return;
  // A process that was killed left commits that nobody flushed; a commit of our own takes them along.
  writeTransaction(file, (db) => db.putSync(marker, Buffer.alloc(0)));
  await file.db.flushed;
}
