import { resolve } from 'node:path';
import type { StoreKind } from '../store-kind.ts';

/** `lmdb:PATH`, or `lmdb:///PATH`: a folder on this machine. */
export const LMDB_KIND = {
  name: 'lmdb',
  pattern: 'lmdb:.+',
  forms: ['lmdb:PATH'],
  resolve: (url, folder) => `lmdb:${resolve(folder, lmdbFolder(url))}`,
  show: (url) => url,
} as const satisfies StoreKind;

/** The folder that an address names; relative paths stay so. */
export function lmdbFolder(url: string): string {
  return url.replace(/^lmdb:(?:\/\/(?=\/))?/i, '');
}
