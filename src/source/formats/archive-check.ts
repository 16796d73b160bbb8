import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { SourceFile } from '../../core/table.ts';
import { readError } from '../read-error.ts';

/**
 * Throws `INPUT_UNREADABLE` for a `.gz` or `.zst` that was cut off: DuckDB takes it for a shorter file,
 * and rows would be missing without a word.
 */
export async function assertWholeArchives(sources: readonly SourceFile[]): Promise<void> {
  for (const { path } of sources) {
    try {
      if (/\.gz$/i.test(path)) await assertWholeGzip(path);
      if (/\.zst$/i.test(path)) await assertWholeZstd(path);
    } catch (error) {
      throw readError(gzipError(error), path);
    }
  }
}

/** Says in words what zlib says in codes. */
function gzipError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR')
    return new Error('it is cut off: the end of the gzip archive is missing', { cause: error });
  if (code === 'Z_DATA_ERROR' && error instanceof Error && error.message.includes('header'))
    return new Error('it is not compressed with gzip, though its name ends in .gz', { cause: error });
  return error;
}

/** The length and the checksum of the content stand at the end, so all of it has to be unpacked. */
async function assertWholeGzip(path: string): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(createReadStream(path), createGunzip(), nowhere);
}

// RFC 8878, section 3.1: frames of blocks, each with its size before it.
const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5;
const RLE_BLOCK = 1;

async function assertWholeZstd(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    let position = 0;
    while (position < size) position = await endOfFrame(file, position);
    if (position > size) throw new Error('it ends inside a Zstandard frame');
  } finally {
    await file.close();
  }
}

async function endOfFrame(file: FileHandle, start: number): Promise<number> {
  const header = await readAt(file, start, 8);
  const magic = header.readUInt32LE(0);
  if (magic >>> 4 === SKIPPABLE) return start + 8 + header.readUInt32LE(4);
  if (magic !== FRAME) throw new Error('it is not a Zstandard file');
  const descriptor = header.readUInt8(4);
  let position = start + 5 + restOfHeader(descriptor);
  for (;;) {
    const block = (await readAt(file, position, 3)).readUIntLE(0, 3);
    const isRle = ((block >>> 1) & 3) === RLE_BLOCK;
    position += 3 + (isRle ? 1 : block >>> 3);
    if ((block & 1) === 1) break;
  }
  const hasChecksum = (descriptor & 0b100) !== 0;
  return position + (hasChecksum ? 4 : 0);
}

/** Bytes of window size, dictionary and content size after the descriptor. */
function restOfHeader(descriptor: number): number {
  const isSingleSegment = (descriptor & 0b10_0000) !== 0;
  const window = isSingleSegment ? 0 : 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  return window + dictionary + contentSize;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new Error('it ends inside a Zstandard frame');
  return buffer;
}
