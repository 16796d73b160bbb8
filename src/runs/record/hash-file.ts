import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { fetchContent } from '../../core/files/mirror.ts';
import { Spares } from '../../core/machine/spares.ts';

const READ_BYTES = 512 * 1024;
/** A part is hashed when it is written, and another one beside it when it is loaded. */
const BUFFERS = new Spares(() => Buffer.allocUnsafeSlow(READ_BYTES), 2);

/** The sha256 of a file's content, in hexadecimal. Throws system errors, and the signal's reason once it is aborted. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  await fetchContent(path);
  const hash = createHash('sha256');
  const file = await open(path);
  const buffer = BUFFERS.take();
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      signal?.throwIfAborted();
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    BUFFERS.giveBack(buffer);
    await file.close();
  }
}
