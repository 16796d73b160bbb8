import { ServeBatchError } from '../core/errors.ts';
import { maskUrl } from '../core/text/secrets.ts';

export const STORAGE_SCHEMES = ['s3', 'gs', 'az'] as const;
export type StorageScheme = (typeof STORAGE_SCHEMES)[number];

/** An address taken apart: `s3://bucket/sales/week.parquet`. */
export interface StorageAddress {
  readonly scheme: StorageScheme;
  /** Of Azure: the container. */
  readonly bucket: string;
  /** Without a `/` at either end; may be empty. Not percent-decoded: a key is written as it is. */
  readonly key: string;
}

/** Whether a path is the address of an object storage. */
export function isStorageAddress(path: string): boolean {
  return /^(?:s3|gs|az):\/\//i.test(path);
}

/** Throws `USAGE` for an address without a bucket, and for one with a user name and password. */
export function parseStorageAddress(address: string): StorageAddress {
  const match = /^(s3|gs|az):\/\/([^/]*)\/?(.*)$/is.exec(address);
  const scheme = STORAGE_SCHEMES.find((each) => each === match?.[1]?.toLowerCase());
  const bucket = match?.[2] ?? '';
  if (scheme === undefined || bucket === '' || !/^[A-Za-z0-9$][A-Za-z0-9._-]*$/.test(bucket))
    throw new ServeBatchError('USAGE', wrongAddress(address, bucket));
  return { scheme, bucket, key: (match?.[3] ?? '').replace(/^\/+|\/+$/g, '') };
}

export function formatStorageAddress({ scheme, bucket, key }: StorageAddress): string {
  return key === '' ? `${scheme}://${bucket}` : `${scheme}://${bucket}/${key}`;
}

function wrongAddress(address: string, bucket: string): string {
  const expected = 'Expected s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX';
  if (bucket.includes('@'))
    return `The address ${maskUrl(address)} holds a login. ${expected}; credentials come from the environment.`;
  return `The address ${maskUrl(address)} has no usable bucket. ${expected}.`;
}
