import { resolve } from 'node:path';

/** Absolute, unless it is a URL or standard input (`-`). */
export function resolvePath(path: string, folder: string): string {
  return path === '-' || /^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path : resolve(folder, path);
}
