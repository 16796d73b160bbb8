import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemErrorCode } from '../errors.ts';
import { fetchContent } from './mirror.ts';

/** A path at which something else than a file stands. */
export class NotAFileError extends Error {
  override readonly name = 'NotAFileError';
  /** `a folder`, `a named pipe` and so on. */
  readonly kind: string;

  constructor(path: string, kind: string) {
    super(`${path} is ${kind}, not a file`);
    this.kind = kind;
  }
}

/** A file that is larger than its reader takes. */
export class FileTooLargeError extends Error {
  override readonly name = 'FileTooLargeError';
  readonly bytes: number;

  constructor(path: string, bytes: number) {
    super(`${path} has ${bytes} bytes`);
    this.bytes = bytes;
  }
}

/**
 * Reads a text file. Never waits: reading a named pipe waits for a writer that may not come, and a device
 * may have no end. Throws {@link NotAFileError} for those, {@link FileTooLargeError}, and what the system says.
 */
export async function readTextFile(path: string, maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
  await fetchContent(path);
  const file = await openWithoutWaiting(path);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new NotAFileError(path, kindOf(status));
    if (status.size > maxBytes) throw new FileTooLargeError(path, status.size);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openWithoutWaiting(path: string) {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    // A socket cannot be opened; nor can a device whose driver is not there.
    if (systemErrorCode(error) === 'ENXIO') throw new NotAFileError(path, 'a socket or a device');
    throw error;
  }
}

/** What stands at a path, for messages. */
export function kindOf(status: Stats): string {
  if (status.isFile()) return 'a file';
  if (status.isDirectory()) return 'a folder';
  if (status.isFIFO()) return 'a named pipe';
  if (status.isSocket()) return 'a socket';
  return 'a device';
}
