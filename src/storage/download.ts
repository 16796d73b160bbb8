import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { temporaryName } from '../core/files/durable-file.ts';
import type { ObjectInfo, RequestOptions } from './object-storage.ts';
import type { Located } from './open-bucket.ts';

/** Bytes that one request asks for: one that fails is repeated. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** Requests at the same time. */
const AT_ONCE = 4;

/** Start and end (exclusive) of bytes. */
export type Extent = readonly [start: number, end: number];

/**
 * Copies one version of an object into a file, which appears whole. False where the object is gone, or has another
 * version now: then there is no file.
 */
export async function download(
  { storage, key }: Located,
  object: Pick<ObjectInfo, 'bytes' | 'version'>,
  path: string,
  options: RequestOptions = {},
): Promise<boolean> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      const whole: Extent[] = [[0, object.bytes]];
      if (!(await readInto({ storage, key }, object.version, whole, file, options))) return false;
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Reads parts of one version of an object into the same places of a file. False as in {@link download}. */
export async function readInto(
  { storage, key }: Located,
  version: string,
  extents: readonly Extent[],
  file: FileHandle,
  options: RequestOptions = {},
): Promise<boolean> {
  const pieces = extents.flatMap(piecesOf);
  let isSame = true;
  const work = async (): Promise<void> => {
    for (let piece = pieces.shift(); piece !== undefined && isSame; piece = pieces.shift()) {
      const [start, end] = piece;
      const bytes = await storage.readRange(key, { start, end, version }, options);
      if (bytes === null) isSame = false;
      else await file.write(bytes, 0, bytes.length, start);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  // Nobody writes to the file any more: it may be closed, whatever happened.
  for (const each of workers) if (each.status === 'rejected') throw each.reason;
  return isSame;
}

function piecesOf([start, end]: Extent): Extent[] {
  const pieces: Extent[] = [];
  for (let at = start; at < end; at += PIECE_BYTES) pieces.push([at, Math.min(at + PIECE_BYTES, end)]);
  return pieces;
}
