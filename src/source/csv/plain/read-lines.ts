import { type FileHandle, open } from 'node:fs/promises';
import { openContent } from '../csv-bytes.ts';

const LINE_FEED = 0x0a;
/** The longest line that is taken: DuckDB then needs buffers of half the size. */
const BUFFER_BYTES = 1 << 20;

/** Whole lines of a file in a buffer that is used again for the next ones; the last line may have no end. */
export interface Lines {
  readonly bytes: Buffer;
  readonly length: number;
}

/** Reads into a buffer; 0: the end. */
type Read = (buffer: Buffer, from: number) => Promise<number>;

/**
 * The content of a file, unpacked, in pieces of whole lines. Ends with a piece whose last line has no end where
 * a line is longer than the buffer. Null: this Node cannot unpack the file.
 */
export async function* readLines(path: string): AsyncGenerator<Lines | null> {
  if (!/\.(gz|zst)$/i.test(path)) {
    const file = await open(path);
    try {
      yield* wholeLines(plainRead(file));
    } finally {
      await file.close();
    }
    return;
  }
  const content = openContent(path);
  if (content === null) yield null;
  else yield* wholeLines(streamRead(content));
}

async function* wholeLines(read: Read): AsyncGenerator<Lines> {
  const bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  let kept = 0;
  for (;;) {
    const count = await read(bytes, kept);
    const length = kept + count;
    const end = count === 0 ? length : bytes.lastIndexOf(LINE_FEED, length - 1) + 1;
    const isTooLong = end === 0 && length === BUFFER_BYTES;
    if (end > 0 || isTooLong) yield { bytes, length: isTooLong ? length : end };
    if (count === 0 || isTooLong) return;
    bytes.copyWithin(0, end, length);
    kept = length - end;
  }
}

function plainRead(file: FileHandle): Read {
  return async (buffer, from) => (await file.read(buffer, from, buffer.length - from)).bytesRead;
}

function streamRead(content: AsyncIterable<Buffer>): Read {
  const blocks = content[Symbol.asyncIterator]();
  let block: Buffer = Buffer.alloc(0);
  return async (buffer, from) => {
    while (block.length === 0) {
      const next = await blocks.next();
      if (next.done === true) return 0;
      block = next.value;
    }
    const copied = block.copy(buffer, from);
    block = block.subarray(copied);
    return copied;
  };
}
