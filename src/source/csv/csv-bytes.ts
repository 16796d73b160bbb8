import { createReadStream } from 'node:fs';
import { pipeline, type Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { createGunzip } from 'node:zlib';

/** The content of a file, unpacked. Null: this Node cannot unpack Zstandard (22.15 can). */
export function openContent(path: string): Readable | null {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  if (/\.gz$/i.test(path)) return compose(file, createGunzip({ chunkSize: 1 << 18 }));
  if (!/\.zst$/i.test(path)) return file;
  if (unpackZstandard !== undefined) return compose(file, unpackZstandard() as unknown as Transform);
  file.destroy();
  return null;
}

const unpackZstandard = (zlib as { readonly createZstdDecompress?: () => NodeJS.ReadWriteStream })
  .createZstdDecompress;

/** Whether {@link openContent} can read a file. */
export function canOpen(path: string): boolean {
  return !/\.zst$/i.test(path) || unpackZstandard !== undefined;
}

/** What fails or ends of the two fails or ends both: a file that cannot be read is no end of its content. */
function compose(file: Readable, unpacking: Transform): Readable {
  pipeline(file, unpacking, () => {});
  return unpacking;
}

/** The first bytes of a file, unpacked; fewer where it is shorter. Null as {@link openContent}. */
export async function readHead(path: string, bytes: number): Promise<Buffer | null> {
  const content = openContent(path);
  if (content === null) return null;
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const block of content as AsyncIterable<Buffer>) {
    blocks.push(block);
    length += block.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}
