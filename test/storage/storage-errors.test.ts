import { expect, it } from 'vitest';
import { storageError } from '../../src/storage/storage-errors.ts';

it('says what to set where the client of S3 knows no region', () => {
  const refused = (reason: string) =>
    storageError('look at s3://b/x', { kind: 'refused', reason }, 'the AWS chain', null).message;
  expect(refused('Region is missing')).toContain('Set AWS_REGION');
  expect(refused('NoSuchUpload')).toBe('Cannot look at s3://b/x: the storage refuses (NoSuchUpload).');
});
