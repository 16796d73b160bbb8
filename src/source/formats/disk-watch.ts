import { statfs } from 'node:fs/promises';
import { ServeBatchError } from '../../core/errors.ts';
import { formatBytes } from '../../core/text/amounts.ts';

/** What is left to others on the disk: stores and logs fail badly on a full one. */
const RESERVE_BYTES = 64 * 2 ** 20;
const LOOK_EVERY_MS = 250;

export interface DiskWatch {
  readonly folder: string;
  /** Ends the work under way; called again until it has ended. */
  readonly interrupt: () => void;
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly everyMs?: number;
}

/**
 * Does work that writes into a folder, and ends it with `DISK_FULL` before the disk is full. A disk that is
 * as good as full before is not watched: small work may fit.
 */
export async function whileSpaceLasts<T>(watch: DiskWatch, work: () => Promise<T>): Promise<T> {
  const { folder, interrupt, freeBytes = freeBytesOf, everyMs = LOOK_EVERY_MS } = watch;
  if ((await freeBytes(folder)) < RESERVE_BYTES) return work();
  let isFull = false;
  const look = async (): Promise<void> => {
    isFull ||= (await freeBytes(folder)) < RESERVE_BYTES;
    if (isFull) interrupt();
  };
  const timer = setInterval(() => void look(), everyMs);
  try {
    return await work();
  } catch (error) {
    if (!isFull) throw error;
    throw new ServeBatchError(
      'DISK_FULL',
      `The disk of ${folder} has less than ${formatBytes(RESERVE_BYTES)} left, while the input is copied into typed Parquet. Nothing of the copy is kept. Free some space; input.maxBytes sets a limit to what an input may have.`,
      { cause: error, fields: { folder } },
    );
  } finally {
    clearInterval(timer);
  }
}

/** Where the system does not say, there is room. */
async function freeBytesOf(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => null);
  return found === null ? Number.POSITIVE_INFINITY : found.bavail * found.bsize;
}
