import { resolve } from 'node:path';

/** Absolute, unless it is a URL or standard input (`-`). */
export function resolvePath(path: string, folder: string): string {
  return path === '-' || /^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path : resolve(folder, path);
}

/** As {@link resolvePath}, for the address of a store: `lmdb:PATH` is the one with a path. */
export function resolveKvUrl(url: string, folder: string): string {
  return url.startsWith('lmdb:') ? `lmdb:${resolve(folder, url.slice('lmdb:'.length))}` : url;
}
