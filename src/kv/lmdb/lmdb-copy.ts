import { constants, existsSync, renameSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncPath, temporaryName } from '../../core/files/durable-file.ts';

/**
 * Copies the file of a generation that does not change any more. Where the file system can, both share their
 * blocks until one of them is written to (XFS, Btrfs, APFS): then the copy costs nothing at first. The name
 * appears once the copy is whole.
 */
export async function copyLmdbFile({ from, to, prepare, unlessFenced }: LmdbCopy): Promise<void> {
  const prepared = temporaryName(to);
  try {
    await copyFile(from, prepared, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await prepare(prepared);
    await syncPath(prepared);
    await unlessFenced(() => {
      removeLmdbFile(to);
      renameSync(prepared, to);
    });
  } finally {
    removeLmdbFile(prepared);
  }
  await syncPath(dirname(to));
}

export interface LmdbCopy {
  readonly from: string;
  readonly to: string;
  /** What is done with the copy while nobody else knows of it. */
  readonly prepare: (path: string) => Promise<void>;
  /** Takes a step where no newer holder of the job's lock was here. */
  readonly unlessFenced: (step: () => void) => Promise<void>;
}

/** The lock goes first: a writer that came in between must not share a file under another lock. */
export function removeLmdbFile(path: string): void {
  rmSync(`${path}-lock`, { force: true });
  if (existsSync(path)) rmSync(path, { force: true });
}
