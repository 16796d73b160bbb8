import { type ErrorCode, ServeBatchError } from '../../core/errors.ts';

/** As DuckDB reads them: KB is 1,000 bytes, KiB is 1,024. */
const BYTES = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
} as const;

export const BYTE_SIZE_PATTERN = /^([0-9]+(?:\.[0-9]+)?) ?((?:[kmgtKMGT][iI]?)?[bB])?$/;
export const BYTE_SIZE_EXPECTED =
  'a size in bytes, or with a unit (KB, MB, GB, TB; KiB, MiB, GiB, TiB). Write for example 1GB.';

/** Bytes of `1GB`, `512MiB`, `1.5 GB`, `4096` or 4096; undefined for anything else, zero included. */
export function byteSize(value: string | number): number | undefined {
  const match = BYTE_SIZE_PATTERN.exec(String(value));
  if (match === null) return undefined;
  const unit = (match[2] ?? '').toLowerCase() as keyof typeof BYTES;
  const bytes = Math.round(Number(match[1]) * BYTES[unit]);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes of a size. Throws `code`, naming `where` (a field or a flag), for anything else. */
export function parseByteSize(value: string | number, where: string, code: ErrorCode = 'JOB_FILE'): number {
  const bytes = byteSize(value);
  if (bytes !== undefined) return bytes;
  throw new ServeBatchError(code, `${where} is ${JSON.stringify(value)}; expected ${BYTE_SIZE_EXPECTED}`);
}
