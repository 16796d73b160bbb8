import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { firstLine, isDiskFull, ServeBatchError, toServeBatchError } from '../../core/errors.ts';
import { MAX_READERS } from './lmdb-lock-file.ts';

const EPERM = 1;
const EIO = 5;
export const EACCES = 13;
const EROFS = 30;
const READERS_FULL = -30_790;
const MAP_FULL = -30_792;

/** Makes any error of lmdb-js one of ours, naming the file. */
export function lmdbError(error: unknown, path: string): ServeBatchError {
  if (error instanceof ServeBatchError) return error;
  const reason = firstLine(messageOf(error));
  if (isForbidden(error)) {
    return new ServeBatchError(
      'STORE_REFUSED',
      `The store file ${path} cannot be written: ${reason}. Check the permissions of its folder, or give another one with --kv lmdb:PATH.`,
      { cause: error, fields: { path } },
    );
  }
  if (isDiskFull(error) || (codeOf(error) === EIO && isFull(path)))
    return toServeBatchError(new Error(`No space left on device: ${path}`, { cause: error }));
  if (codeOf(error) === READERS_FULL)
    return new ServeBatchError(
      'STORE_UNAVAILABLE',
      `Too many processes read the store file ${path} at once: it has room for ${MAX_READERS}, or for 126 where an earlier version made it. Let some of them end, share one lookup among them, or use Redis.`,
      { cause: error, fields: { path } },
    );
  if (codeOf(error) === MAP_FULL)
    return new ServeBatchError(
      'STORE_UNAVAILABLE',
      `The store file ${path} outgrew the address space that is mapped for it. Raise the limit on address space (ulimit -v), or use Redis.`,
      { cause: error, fields: { path }, retryable: false },
    );
  return new ServeBatchError(
    'STORE_UNAVAILABLE',
    `The store file ${path} cannot be used: ${reason}. Where it is damaged, delete it and load it again with "serve-batch publish RUN".`,
    { cause: error, fields: { path } },
  );
}

/** LMDB reports a write that the disk took only in part as an input/output error. */
function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < 2 ** 20;
  } catch {
    return false;
  }
}

/** Whether the folder or file may only be read. */
export function isForbidden(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === EACCES ||
    code === EROFS ||
    code === EPERM ||
    code === 'EACCES' ||
    code === 'EROFS' ||
    code === 'EPERM'
  );
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}
