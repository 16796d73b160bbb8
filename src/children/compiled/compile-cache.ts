import { existsSync, statSync } from 'node:fs';
import module from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { KeptCode } from './kept-code.ts';
import { makePrivateFolder } from './private-files.ts';

/** Node 22 and newer have it; the types are those of Node 20. */
const { enableCompileCache, getCompileCacheDir } = module as {
  readonly enableCompileCache?: () => unknown;
  readonly getCompileCacheDir?: () => string | undefined;
};

/** Lets Node keep the machine code of what it loads, in its own folder for temporary files, where it can do that. */
export function keepCompiled(): void {
  enableCompileCache?.();
}

/** What lets a child process use it, too. */
export function compileCacheEnvironment(): Readonly<Record<string, string>> {
  const folder = getCompileCacheDir?.();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

/** Commands that programs start, each with files of its own; people wait for the others, now and then. */
const OFTEN: readonly string[] = ['run', 'tick', 'worker', 'shard', 'schedule', 'serve', 'publish', 'lookup'];

let own: KeptCode | null | undefined;

/** What keeps it for Node 20. Null: Node does it, nobody is to, or Node has to read the maps of the files. */
export function compileCache(): KeptCode | null {
  if (own === undefined) own = openCache();
  return own;
}

function openCache(): KeptCode | null {
  const { NODE_DISABLE_COMPILE_CACHE } = process.env;
  if (enableCompileCache !== undefined || NODE_DISABLE_COMPILE_CACHE || process.sourceMapsEnabled)
    return null;
  try {
    const folder = cacheFolder();
    return folder === null ? null : keepAtExit(new KeptCode(folder, roleOfProcess()));
  } catch {
    // Such as a user that has no home, a file system that does not answer as it should, or rights that Node withholds.
    return null;
  }
}

/** By then it has compiled what it needed. */
function keepAtExit(cache: KeptCode): KeptCode {
  process.once('exit', (code) => {
    if (code === 0) cache.save();
  });
  return cache;
}

/**
 * The user's folder for caches; where that cannot be written, as in many containers, one of the user's own among the
 * temporary files. Null: neither is there, or no users can be told apart.
 */
function cacheFolder(): string | null {
  const user = process.geteuid?.();
  if (user === undefined) return null;
  const { XDG_CACHE_HOME: named = '' } = process.env;
  const caches = isAbsolute(named) ? named : join(homedir(), '.cache');
  const folders = [
    // What sudo makes in another user's home would be in that user's way.
    ...(isOwn(caches, user) ? [join(caches, 'serve-batch', 'compiled')] : []),
    ...(existsSync(tmpdir()) ? [join(tmpdir(), `serve-batch-compiled-${user}`)] : []),
  ];
  return folders.find(makePrivateFolder) ?? null;
}

function isOwn(path: string, user: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? isOwn(dirname(path), user) : found.uid === user;
}

/** Processes that do different things need different functions of the same file. */
function roleOfProcess(): string {
  if (!isMainThread) return 'thread';
  if (process.send !== undefined) return 'child';
  const command = process.argv[2] ?? '';
  return OFTEN.includes(command) ? command : 'other';
}
