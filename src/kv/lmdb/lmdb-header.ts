import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';

/** LMDB's first page: its own header, and then the magic number, the version and the page size. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const VERSION = 2;
const VERSION_AT = 28;
const PAGE_SIZE_AT = 48;
const HEADER_BYTES = 52;
const META_PAGES = 2;

/**
 * The bytes of an LMDB file; 0 for one that is not made yet. `cut`: it has less than its first two pages,
 * since another process is writing them at this moment, or had no room for them. Throws `STORE_UNAVAILABLE` for a file that is not one of LMDB's. Opening such a file would not
 * throw: lmdb-js crashes the process.
 */
export function checkLmdbHeader(path: string): number | 'cut' {
  const header = readHeader(path);
  if (header === undefined || header.size === 0) return 0;
  const { bytes, size } = header;
  if (
    bytes.length === HEADER_BYTES &&
    readUint32(bytes, MAGIC_AT) === MAGIC &&
    readUint32(bytes, VERSION_AT) === VERSION
  )
    return size < META_PAGES * readUint32(bytes, PAGE_SIZE_AT) ? 'cut' : size;
  throw new ServeBatchError(
    'STORE_UNAVAILABLE',
    `The store file ${path} is damaged or not an LMDB file. Delete it and load it again with "serve-batch publish RUN".`,
    { fields: { path }, retryable: false },
  );
}

function readHeader(path: string): { readonly bytes: Buffer; readonly size: number } | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    const read = readSync(file, bytes, 0, HEADER_BYTES, 0);
    return { bytes: bytes.subarray(0, read), size: fstatSync(file).size };
  } finally {
    closeSync(file);
  }
}

/** In the byte order of this machine, as LMDB writes it. */
function readUint32(bytes: Buffer, at: number): number {
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4))[0] ?? 0;
}
