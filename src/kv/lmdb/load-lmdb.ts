import { createRequire } from 'node:module';
import { missingPackage } from '../missing-package.ts';

type Lmdb = typeof import('lmdb');

let lmdb: Lmdb | undefined;

/** lmdb-js, once it is needed: whoever reads from Redis need not have it. Throws `USAGE` where it is missing. */
export function loadLmdb(): Lmdb {
  try {
    lmdb ??= createRequire(import.meta.url)('lmdb') as Lmdb;
    return lmdb;
  } catch (error) {
    throw missingPackage('lmdb', error);
  }
}

/** Commit at once, and let the flush to disk overlap with later transactions. */
export function commitFlags(): number {
  const { TransactionFlags } = loadLmdb();
  return TransactionFlags.SYNCHRONOUS_COMMIT | TransactionFlags.NO_SYNC_FLUSH;
}
