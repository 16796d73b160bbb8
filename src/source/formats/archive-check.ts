import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ServeBatchError } from '../../core/errors.ts';
import type { SourceFile } from '../../core/table.ts';
import { formatBytes } from '../../core/text/amounts.ts';
import { openContent } from '../csv/csv-bytes.ts';
import { readError } from '../read-error.ts';

/**
 * Throws `INPUT_UNREADABLE` for a `.gz` or `.zst` that was cut off: DuckDB takes it for a shorter file,
 * and rows would be missing without a word. And for files whose content has more bytes than the limit.
 */
export async function assertWholeArchives(
  sources: readonly SourceFile[],
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  let total = 0;
  for (const { path, bytes } of sources) {
    try {
      total += await contentBytes(path, bytes, maxBytes - total);
    } catch (error) {
      throw readError(gzipError(error), path);
    }
    if (total > maxBytes) throw tooLarge(path, maxBytes);
  }
}

function tooLarge(path: string, maxBytes: number): ServeBatchError {
  return new ServeBatchError(
    'INPUT_UNREADABLE',
    `The input has more than ${formatBytes(maxBytes)}, the limit of input.maxBytes, with ${path} unpacked. Raise the limit, or look at what the file holds: a small archive may unpack to many times its size.`,
    { fields: { file: path, maxBytes } },
  );
}

/** Bytes of a file, unpacked; what is above the limit may be left uncounted. */
async function contentBytes(path: string, bytes: number, limit: number): Promise<number> {
  if (/\.gz$/i.test(path)) return gzipBytes(path, limit);
  if (!/\.zst$/i.test(path)) return bytes;
  await assertWholeZstd(path);
  return limit === Number.POSITIVE_INFINITY ? bytes : zstdBytes(path, bytes, limit);
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
async function gzipBytes(path: string, limit: number): Promise<number> {
  const content = openContent(path);
  return content === null ? 0 : countBytes(content, limit);
}

/** Before Node 22.15, which cannot unpack it, the file as it is. */
async function zstdBytes(path: string, bytes: number, limit: number): Promise<number> {
  const content = openContent(path);
  return content === null ? bytes : countBytes(content, limit);
}

async function countBytes(content: Readable, limit: number): Promise<number> {
  let bytes = 0;
  for await (const block of content as AsyncIterable<Buffer>) {
    bytes += block.length;
    if (bytes > limit) break;
  }
  return bytes;
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
