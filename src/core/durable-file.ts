import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Writes a file so that its final name only ever shows a complete one: temporary name, fsync, rename,
 * fsync of the folder.
 */
export async function writeFileDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncPath(dirname(path));
}

/** Gives a file that another writer (DuckDB) has closed its final name, after it has reached the disk. */
export async function commitFile(temporary: string, path: string): Promise<void> {
  await syncPath(temporary);
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/** A name beside `path` that no other process uses. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
}

/** Whether {@link temporaryName} made it. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.\d+-[0-9a-f]{8}\.tmp$/.test(name);
}

/**
 * Makes a folder and all above it, durably. Not with Node's own `recursive`: that never ends where the
 * file system refuses with "no such file", as `/proc` does.
 */
export async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(resolve(path));
  if (parent !== resolve(path)) await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    // Another process may have been quicker.
    if (await isFolder(path)) return;
    throw error;
  }
  await syncPath(parent);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** fsync of a file or folder. Some file systems refuse it for folders: then the rename has to do. */
export async function syncPath(path: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch {
    return;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'EPERM')))
      throw error;
  } finally {
    await handle.close();
  }
}
