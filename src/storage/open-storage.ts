import { resolve } from 'node:path';
import { ServeBatchError, systemErrorCode } from '../core/errors.ts';
import type { Backend } from './backend.ts';
import { LocalStorage } from './local/local-storage.ts';
import type { ObjectStorage } from './object-storage.ts';
import { RemoteStorage } from './remote-storage.ts';
import { REQUEST_POLICY, type RequestPolicy } from './request-policy.ts';
import { isStorageAddress, parseStorageAddress, type StorageScheme } from './storage-address.ts';

/** Each with its SDK, which is loaded only where an address asks for it. */
const BACKENDS: Readonly<Record<StorageScheme, (bucket: string) => Promise<Backend>>> = {
  s3: async (bucket) => (await import('./s3/s3-backend.ts')).openS3(bucket),
  gs: async (bucket) => (await import('./gcs/gcs-backend.ts')).openGcs(bucket),
  az: async (bucket) => (await import('./azure/azure-backend.ts')).openAzure(bucket),
};

/** What a user installs for a kind of address. */
const PACKAGES: Readonly<Record<StorageScheme, string>> = {
  s3: '@aws-sdk/client-s3',
  gs: '@google-cloud/storage',
  az: '@azure/storage-blob @azure/identity',
};

/**
 * The storage at an address: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`, or a folder. Keys
 * are relative to it. Nothing is asked of the server yet. Throws `USAGE` for an address that cannot be one, and where
 * the package that it needs is not installed.
 */
export async function openStorage(
  address: string,
  policy: Partial<RequestPolicy> = {},
): Promise<ObjectStorage> {
  if (!isStorageAddress(address)) return new LocalStorage(resolve(address));
  const place = parseStorageAddress(address);
  return new RemoteStorage(place, await openBackend(place.scheme, place.bucket), {
    ...REQUEST_POLICY,
    ...policy,
  });
}

async function openBackend(scheme: StorageScheme, bucket: string): Promise<Backend> {
  try {
    return await BACKENDS[scheme](bucket);
  } catch (error) {
    if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(systemErrorCode(error) ?? '')) throw error;
    const packages = PACKAGES[scheme];
    throw new ServeBatchError(
      'USAGE',
      `Addresses with ${scheme}:// need ${packages.replace(' ', ' and ')}, which is not installed. Install it with "npm install ${packages}".`,
      { cause: error },
    );
  }
}
