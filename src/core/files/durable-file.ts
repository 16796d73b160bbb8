import { randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, constants, openSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { sharedMirrorOf } from './mirror.ts';

/** Adds to a file whose name others know. Throws `ELOOP` where a link stands in its place. */
export function appendToFile(path: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW);
  try {
    appendFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a file so that its final name only ever shows a complete one: temporary name, fsync, rename,
 * fsync of the folder. A link that has the final name is replaced, and what it points to stays as it is.
 * @param mode who may do what with it, as far as the umask lets them
 */
export async function writeFileDurably(
  path: string,
  content: string | Uint8Array,
  mode = 0o666,
): Promise<void> {
  await sharedMirrorOf(path)?.put(path, content);
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx', mode);
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
  await sharedMirrorOf(path)?.putFile(path, temporary);
  await syncPath(temporary);
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/** Stores a file again whose content has grown since, where others see it in a bucket. */
export async function storeGrown(path: string): Promise<void> {
  await sharedMirrorOf(path)?.putFile(path, path);
}

/** Removes a file; it is no error where there is none. */
export async function removeFile(path: string): Promise<void> {
  await sharedMirrorOf(path)?.removeFile(path);
  await rm(path, { force: true });
}

/** Removes a folder with all that is in it; it is no error where there is none. */
export async function removeFolder(path: string): Promise<void> {
  await sharedMirrorOf(path)?.removeFolder(path);
  // A child that is ending may still write into it.
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** A name beside `path` that no other process uses, and nobody can guess who would put a link there. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(8).toString('hex')}.tmp`);
}

/** Whether {@link temporaryName} made it. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.\d+-[0-9a-f]{16}\.tmp$/.test(name);
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
