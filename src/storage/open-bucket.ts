import type { ObjectStorage } from './object-storage.ts';
import { openStorage } from './open-storage.ts';
import { formatStorageAddress, parseStorageAddress } from './storage-address.ts';

/** An object of a bucket: the storage over the whole bucket, and the key in it. */
export interface Located {
  readonly storage: ObjectStorage;
  readonly key: string;
}

/** Buckets that this process has opened: a connection and a login are worth keeping. */
const OPENED = new Map<string, Promise<ObjectStorage>>();

/** What of the environment says which server is meant, and who asks. */
const ENVIRONMENT = /^(?:AWS_|AZURE_|GOOGLE_|STORAGE_EMULATOR_HOST$|GCLOUD_PROJECT$)/;

/** The bucket of an address, and the rest of the address as a key; of all calls one connection to each bucket. */
export async function locate(address: string): Promise<Located> {
  const { key, ...place } = parseStorageAddress(address);
  const bucket = formatStorageAddress({ ...place, key: '' });
  const settings = Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name));
  const id = JSON.stringify([bucket, settings.sort()]);
  const opened = OPENED.get(id) ?? openStorage(bucket);
  OPENED.set(id, opened);
  try {
    return { storage: await opened, key };
  } catch (error) {
    OPENED.delete(id);
    throw error;
  }
}
