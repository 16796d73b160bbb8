import { link, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import { makeFolder, syncPath, temporaryName } from '../../core/files/durable-file.ts';
import { type Mirror, sharedMirrorOf } from '../../core/files/mirror.ts';

/** What `link` answers on file systems without hard links (FAT, some network and FUSE file systems). */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Creates a file that appears at once and complete, durably. False where the name is taken: of several
 * processes that create the same name, exactly one gets true.
 *
 * A rename would replace the other's file; only a hard link refuses. Where there are no hard links the
 * file is created empty and then filled: a crash in between leaves an empty one. In a mirror the bucket decides.
 * @param mode of the new file; default: what the process gives to all
 */
export async function createFileExclusively(
  path: string,
  content: string | Uint8Array,
  mode?: number,
): Promise<boolean> {
  const mirror = sharedMirrorOf(path);
  if (mirror !== undefined) return createInBucket(mirror, path, content, mode);
  const temporary = temporaryName(path);
  try {
    await writeNewFile(temporary, content, mode);
    if (!(await linkOrCreate(temporary, path, content, mode))) return false;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncPath(dirname(path));
  return true;
}

/** What was created is here, too. Of what another one has created nothing is here yet. */
async function createInBucket(
  mirror: Mirror,
  path: string,
  content: string | Uint8Array,
  mode?: number,
): Promise<boolean> {
  if (!(await mirror.create(path, content))) return false;
  await makeFolder(dirname(path));
  const temporary = temporaryName(path);
  await writeNewFile(temporary, content, mode);
  await rename(temporary, path);
  return true;
}

async function linkOrCreate(
  temporary: string,
  path: string,
  content: string | Uint8Array,
  mode?: number,
): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    // NFS may repeat a link whose answer was lost: then the name that is taken is our own.
    if (code === 'EEXIST') return (await stat(temporary)).nlink > 1;
    if (!NO_HARD_LINKS.has(code)) throw error;
  }
  return createInPlace(path, content, mode);
}

async function createInPlace(path: string, content: string | Uint8Array, mode?: number): Promise<boolean> {
  try {
    await writeNewFile(path, content, mode);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function writeNewFile(path: string, content: string | Uint8Array, mode?: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
