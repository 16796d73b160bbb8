import { relative } from 'node:path';
import { publicPath } from '../../core/files/mirror.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';

/** Relative to the working folder where that is shorter. */
export function shortPath(path: string): string {
  const shown = publicPath(path);
  // An address is no path of this machine.
  if (isStorageAddress(shown)) return shown;
  const short = relative('', path);
  return short !== '' && short.length < path.length ? short : path;
}

/** A store's address, that of a file relative as {@link shortPath} does it. */
export function shortUrl(url: string): string {
  return url.startsWith('lmdb:') ? `lmdb:${shortPath(url.slice('lmdb:'.length))}` : url;
}
