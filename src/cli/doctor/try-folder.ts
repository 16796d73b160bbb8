import { link, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { temporaryName } from '../../core/files/durable-file.ts';
import { createFileExclusively } from '../../storage/local/exclusive-file.ts';

export interface FolderTrial {
  /** Whether a second file of the same name was refused, which the lock lives on. */
  readonly isExclusive: boolean;
  /** Without them a crash at the wrong instant leaves an empty claim. */
  readonly hasHardLinks: boolean;
}

/**
 * Takes a lock as a run does, in a file that is removed again. Throws the system's error where the folder
 * cannot be written.
 */
export async function tryFolder(folder: string): Promise<FolderTrial> {
  const file = temporaryName(join(folder, 'doctor'));
  const second = `${file}-link`;
  try {
    const isCreated = await createFileExclusively(file, 'a trial of serve-batch doctor\n');
    const isCreatedTwice = await createFileExclusively(file, '');
    return { isExclusive: isCreated && !isCreatedTwice, hasHardLinks: await canLink(file, second) };
  } finally {
    await rm(second, { force: true }).catch(() => {});
    await rm(file, { force: true }).catch(() => {});
  }
}

async function canLink(file: string, second: string): Promise<boolean> {
  try {
    await link(file, second);
    return true;
  } catch {
    return false;
  }
}

/** The folder, or the nearest one above that exists: where it would be made. Throws the system's error. */
export async function nearestFolder(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOTDIR')
      throw new ServeBatchError(
        'OUTPUT_UNWRITABLE',
        `${path} lies below a file. Give a path whose parents are folders.`,
      );
    const parent = dirname(resolve(path));
    if (code !== 'ENOENT' || parent === path) throw error;
    return nearestFolder(parent);
  }
}
