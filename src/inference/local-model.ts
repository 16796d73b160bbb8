import { access } from 'node:fs/promises';
import { isStorageAddress } from '../storage/storage-address.ts';

/**
 * Where the file of a model is on this machine. Of one in a bucket that is a copy of the version that this process
 * saw last: what was hashed is what is loaded. Throws `MODEL_NOT_FOUND`, and what a storage throws.
 */
export async function localModel(path: string): Promise<string> {
  return isStorageAddress(path) ? (await copies()).copySeen(path) : path;
}

/** As {@link localModel}, of what is in the bucket now. */
export async function localModelNow(path: string): Promise<string> {
  return isStorageAddress(path) ? (await copies()).copyNow(path) : path;
}

/** Reads a model from a copy that another thread has looked at, and that was hashed there. */
export async function useCopy(path: string, file: string): Promise<void> {
  if (file !== path) (await copies()).useCopy(path, file);
}

/** Whether the file of a model is there, without reading it. Throws what the file system or the storage throws. */
export async function assertModelThere(path: string): Promise<void> {
  if (isStorageAddress(path)) return (await copies()).assertThere(path);
  await access(path);
}

/** What reads buckets is loaded where a model lies in one. */
function copies() {
  return import('./remote/model-copies.ts');
}
