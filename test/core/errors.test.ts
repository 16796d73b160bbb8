import { expect, it } from 'vitest';
import { type ErrorCode, toServeBatchError } from '../../src/core/errors.ts';

const PART = '/data/out/sales/runs/r/parts/.part-00004.parquet.1-a.tmp';

it.each<[says: string, code: ErrorCode]>([
  [`IO Error: Cannot open file "${PART}": Read-only file system`, 'OUTPUT_UNWRITABLE'],
  [`IO Error: Cannot open file "${PART}": Permission denied`, 'OUTPUT_UNWRITABLE'],
  [`IO Error: Could not write file "${PART}": No space left on device`, 'DISK_FULL'],
  ['Out of Memory Error: failed to allocate 16 MB', 'OUT_OF_MEMORY'],
  ['Binder Error: Referenced column "Read-only file system" not found', 'INTERNAL'],
])('what DuckDB says in words alone has a code: %s', (says, code) => {
  expect(toServeBatchError(new Error(says))).toMatchObject({ code, retryable: false });
});

it.each([
  ['EROFS', 'OUTPUT_UNWRITABLE'],
  ['EACCES', 'OUTPUT_UNWRITABLE'],
  ['ENOSPC', 'DISK_FULL'],
  ['EDQUOT', 'DISK_FULL'],
  ['ECONNRESET', 'INTERNAL'],
])('what the system says as %s is %s', (system, code) => {
  expect(toServeBatchError(Object.assign(new Error('write'), { code: system })).code).toBe(code);
});
