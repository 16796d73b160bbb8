import { readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ServeBatchError, toServeBatchError } from '../../core/errors.ts';

/** What opening a file for the first time writes, with room to spare: two pages, and the lock file. */
const NEEDED_BYTES = 2 ** 20;
/** Address space, not memory or disk: a file that never outgrows its map needs no remapping in other processes. */
const MAP_BYTES = 64 * 2 ** 30;
/** A file that is loaded needs a map beyond its present size. */
const LEAST_GROWTH_BYTES = 2 ** 28;
/** A part of the address space that is left over for everything else in this process. */
const SHARE_OF_FREE = 0.5;
const PAGE_BYTES = 4096;

/** Throws `DISK_FULL` where the volume has too little room: LMDB maps what it writes, and would crash. */
export function assertDiskSpace(path: string): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bavail * bsize >= NEEDED_BYTES) return;
  throw toServeBatchError(
    new Error(
      `No space left on device: ${path} needs ${NEEDED_BYTES / 2 ** 20} MiB of free space to be opened`,
    ),
  );
}

/**
 * Bytes of address space to map for a file of some size. Throws `STORE_UNAVAILABLE` where a limit
 * (`ulimit -v`) leaves too little: lmdb-js would not throw but crash the process.
 */
export function mapBytes(path: string, fileBytes: number, freeBytes: number | null): number {
  if (freeBytes === null) return MAP_BYTES;
  const most = Math.floor((freeBytes * SHARE_OF_FREE) / PAGE_BYTES) * PAGE_BYTES;
  if (most >= fileBytes + LEAST_GROWTH_BYTES) return Math.min(MAP_BYTES, most);
  const needed = Math.ceil((fileBytes + LEAST_GROWTH_BYTES) / SHARE_OF_FREE / 2 ** 20);
  throw new ServeBatchError(
    'STORE_UNAVAILABLE',
    `The store file ${path} cannot be mapped: the limit on address space (ulimit -v) leaves ${Math.floor(freeBytes / 2 ** 20)} MiB, and it takes ${needed} MiB. Raise the limit, or use Redis.`,
    { fields: { path }, retryable: false },
  );
}

/** Address space that this process may still take; null where nothing limits it, or nothing says so. */
export function freeAddressSpace(read: (path: string) => string = readText): number | null {
  try {
    const limit = /^Max address space\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1];
    const usedKiB = /^VmSize:\s+(\d+) kB/m.exec(read('/proc/self/status'))?.[1];
    if (limit === undefined || usedKiB === undefined) return null;
    return Math.max(0, Number(limit) - Number(usedKiB) * 1024);
  } catch {
    return null;
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}
