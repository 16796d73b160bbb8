import * as system from 'node:fs';
import { dirname } from 'node:path';
import type { FileSystemAdapter } from 'tinyglobby';

/**
 * The paths that a pattern matches, by name. Whatever is no folder is listed: a dead link or a named pipe
 * that a search passes over would be a table left out without a word.
 */
export async function listPaths(
  pattern: string,
  options: { readonly cwd?: string; readonly ignore?: string[] } = {},
): Promise<string[]> {
  // Most inputs are named by their paths.
  const { glob } = await import('tinyglobby');
  const matches = await glob(pattern, {
    ...options,
    absolute: pattern.startsWith('/'),
    dot: false,
    expandDirectories: false,
    fs: HIDES_NOTHING,
  });
  return matches.sort();
}

/** The path itself, or the folder that a glob's first pattern stands in. */
export function placeOf(path: string): string {
  const pattern = /[*?[\]{}]/.exec(path);
  if (pattern === null) return path;
  const fixed = path.slice(0, pattern.index);
  return fixed.endsWith('/') ? fixed : dirname(fixed);
}

type Dirents = (error: NodeJS.ErrnoException | null, entries: system.Dirent[]) => void;

/** The file system as the search sees it: all that is neither a folder nor a link is a file, dead links too. */
const HIDES_NOTHING: FileSystemAdapter = {
  ...system,
  readdir: ((path: string, options: { withFileTypes: true }, done: Dirents) =>
    system.readdir(path, options, (error, entries) =>
      done(error, error === null ? entries.map(asFile) : []),
    )) as typeof system.readdir,
  realpath: ((path: string, done: (error: null, real: string) => void) =>
    system.realpath(path, (error, real) =>
      done(null, error === null ? real : path),
    )) as typeof system.realpath,
  stat: ((path: string, done: (error: NodeJS.ErrnoException | null, stats: system.Stats) => void) =>
    system.stat(path, (error, stats) =>
      error === null ? done(null, stats) : system.lstat(path, done),
    )) as typeof system.stat,
};

function asFile(entry: system.Dirent): system.Dirent {
  if (entry.isFile() || entry.isDirectory() || entry.isSymbolicLink()) return entry;
  return Object.assign(Object.create(entry), { name: entry.name, isFile: () => true });
}
