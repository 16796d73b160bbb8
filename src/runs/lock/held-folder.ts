import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncPath, temporaryName, writeFileDurably } from '../../core/files/durable-file.ts';
import { isMissing } from '../json-file.ts';

/**
 * The folder `locks/00000017.held` is there for as long as its holder may change what readers see. A file is
 * written in it, and renamed from there to where readers look: so the change and the proof that the lock is
 * still held are one step. Who takes the lock over moves the folder away first, and every later rename of the
 * earlier holder fails, however long it was asleep in between.
 */
const ENDING = '.held';

/** Made once, when the lock is taken: a folder that is gone stays gone. */
export async function makeHeldFolder(claim: string): Promise<void> {
  await mkdir(heldFolder(claim));
}

/** Ends what holders before the one with this token may do. */
export async function removeEarlierHeldFolders(locks: string, token: number): Promise<void> {
  for (const name of await readdir(locks)) {
    if (!/^\d+\.(held|lost-[0-9a-f]+)$/.test(name) || Number.parseInt(name, 10) >= token) continue;
    const away = join(locks, name.replace(/\..*/, `.lost-${randomBytes(8).toString('hex')}`));
    await rename(join(locks, name), away).catch(ignoreMissing);
    await rm(away, { recursive: true, force: true });
  }
}

export async function removeHeldFolder(claim: string): Promise<void> {
  await rm(heldFolder(claim), { recursive: true, force: true });
}

/** Replaces a file of the job's folder. Throws `ENOENT` where the held folder is gone. */
export async function replaceFromHeldFolder(claim: string, path: string, content: string): Promise<void> {
  const prepared = join(heldFolder(claim), basename(temporaryName(path)));
  await writeFileDurably(prepared, content);
  await rename(prepared, path);
  await syncPath(dirname(path));
}

function heldFolder(claim: string): string {
  return claim.replace(/\.json$/, ENDING);
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
