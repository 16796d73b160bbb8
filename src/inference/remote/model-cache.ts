import { createHash } from 'node:crypto';
import { access, constants, lstat, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { temporaryName } from '../../core/files/durable-file.ts';

const HOUR_MS = 3_600_000;
/** An earlier version of a model may still be read by a run of another process. */
const REPLACED_MS = HOUR_MS;
/** No model takes so long to come: what is left of it was killed. */
const UNFINISHED_MS = 24 * HOUR_MS;
/** Of models that nobody asks for. */
const UNUSED_MS = 30 * 24 * HOUR_MS;

/**
 * Copies of a model in a bucket, on this machine: a folder for each version, which appears whole, is shared by all
 * processes of a user, and stays for the next command. Names say nothing of the address, which may be long.
 */
export class ModelCache {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async of(address: string): Promise<ModelCache> {
    return new ModelCache(join(await cacheFolder(), hashOf(address)));
  }

  /**
   * The folder with a version, filled where it is not there yet. Null where `fill` gives false: the version is gone.
   * @param version what tells it from others: versions of its objects
   */
  async obtain(
    version: readonly (readonly string[])[],
    fill: (folder: string) => Promise<boolean>,
  ): Promise<string | null> {
    const folder = join(this.folder, hashOf(version));
    if (await isMarkedUsed(folder)) return folder;
    const temporary = temporaryName(folder);
    try {
      await mkdir(temporary, { recursive: true, mode: 0o700 });
      if (!(await fill(temporary))) return null;
      await rename(temporary, folder).catch((error: unknown) => ignoreRival(folder, error));
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    await sweep(basename(this.folder), basename(folder));
    return folder;
  }
}

/** Another process may have been quicker: its copy is as good. */
async function ignoreRival(folder: string, error: unknown): Promise<void> {
  if (!(await isMarkedUsed(folder))) throw error;
}

/** Whether a folder is there; it then counts as used now. */
async function isMarkedUsed(folder: string): Promise<boolean> {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

/** Removes copies that nobody needs. What another process removes at the same time is gone as well. */
async function sweep(model: string, version: string): Promise<void> {
  const root = await cacheFolder();
  for (const each of await readdir(root).catch(() => []))
    for (const name of await readdir(join(root, each)).catch(() => [])) {
      if (each === model && name === version) continue;
      const lifeMs = name.startsWith('.') ? UNFINISHED_MS : each === model ? REPLACED_MS : UNUSED_MS;
      const used = await stat(join(root, each, name)).catch(() => null);
      if (used !== null && Date.now() - used.mtimeMs > lifeMs)
        await rm(join(root, each, name), { recursive: true, force: true }).catch(() => {});
    }
}

/**
 * The user's folder for caches. Where that cannot be written, as in many containers, one of the user's own among the
 * temporary files: whatever stands in it is loaded as a model.
 */
async function cacheFolder(): Promise<string> {
  const { XDG_CACHE_HOME: named = '' } = process.env;
  const folder = join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'serve-batch', 'models');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    return folder;
  } catch {
    return temporaryCache();
  }
}

async function temporaryCache(): Promise<string> {
  const user = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `serve-batch-models-${user}`);
  await mkdir(folder, { mode: 0o700 }).catch(() => {});
  const found = await lstat(folder);
  const isOwn = found.isDirectory() && (process.getuid === undefined || found.uid === user);
  if (isOwn && (found.mode & 0o022) === 0) return folder;
  throw new Error(`${folder} belongs to others`);
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 24);
}
