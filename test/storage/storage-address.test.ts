import { expect, it } from 'vitest';
import {
  formatStorageAddress,
  isStorageAddress,
  parseStorageAddress,
} from '../../src/storage/storage-address.ts';

it.each([
  ['s3://bucket', 's3', 'bucket', ''],
  ['s3://bucket/', 's3', 'bucket', ''],
  ['gs://my.bucket_1/a/b/', 'gs', 'my.bucket_1', 'a/b'],
  ['az://$web/100%/ä +.csv', 'az', '$web', '100%/ä +.csv'],
  ['S3://bucket/x', 's3', 'bucket', 'x'],
])('%s', (address, scheme, bucket, key) => {
  expect(isStorageAddress(address)).toBe(true);
  expect(parseStorageAddress(address)).toEqual({ scheme, bucket, key });
  expect(parseStorageAddress(formatStorageAddress({ scheme: 's3', bucket, key }))).toMatchObject({
    bucket,
    key,
  });
});

it.each(['/data/x', 'data/s3:/x', 'redis://x', 's3:/x', 'file:///x'])('%s is none', (path) => {
  expect(isStorageAddress(path)).toBe(false);
});

it.each([
  ['s3://', /no usable bucket/],
  ['s3:///key', /no usable bucket/],
  ['az://a b/x', /no usable bucket/],
  ['s3://key:secret@bucket/x', /holds a login/],
])('%s cannot be used, and shows no secret', (address, message) => {
  expect(() => parseStorageAddress(address)).toThrow(message);
  expect(() => parseStorageAddress(address)).not.toThrow(/secret/);
});
