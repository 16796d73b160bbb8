import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { fetchContent } from '../../core/files/mirror.ts';

/** The sha256 of a file's content, in hexadecimal. Throws system errors, and the signal's reason once it is aborted. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  await fetchContent(path);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest('hex');
}
