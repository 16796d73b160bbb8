import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Of all versions that this user runs. What was written longest ago goes first. */
const MOST_FILES = 64;
const OF_OTHERS = 0o077;

/** A file that this user wrote and nobody else can change. Null: it is another, or cannot be read. */
export function readPrivateFile(path: string): Buffer | null {
  try {
    if (!isPrivateFolder(dirname(path))) return null;
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = fstatSync(file);
      return status.isFile() && isPrivate(status) ? readFileSync(file) : null;
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/** Writes a file whole or not at all, where its folder is private. Says nothing where it is not. */
export function writePrivateFile(path: string, content: Uint8Array): void {
  const folder = dirname(path);
  try {
    if (!isPrivateFolder(folder)) return;
    replaceFile(path, content);
    removeOldest(folder);
  } catch {
    // A full disk, one that can only be read, a folder that another process removed: the next start compiles again.
  }
}

/** Makes a folder that only this user can read and change. Returns whether it is there, and is one. */
export function makePrivateFolder(path: string): boolean {
  try {
    makeFolders(path);
    return isPrivateFolder(path);
  } catch {
    return false;
  }
}

/** Not `recursive`: Node 20 tries for ever where it may make nothing, such as below /proc. */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if (!existsSync(path)) throw error;
  }
}

function replaceFile(path: string, content: Uint8Array): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function removeOldest(folder: string): void {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  if (paths.length <= MOST_FILES) return;
  const byAge = paths.map((path) => ({ path, ms: statSync(path).mtimeMs })).sort((a, b) => b.ms - a.ms);
  for (const { path } of byAge.slice(MOST_FILES)) rmSync(path, { force: true });
}

function isPrivateFolder(path: string): boolean {
  const status = lstatSync(path);
  return status.isDirectory() && isPrivate(status);
}

function isPrivate({ uid, mode }: Stats): boolean {
  return uid === process.geteuid?.() && (mode & OF_OTHERS) === 0;
}
