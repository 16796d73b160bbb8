import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, ServeBatchError } from '../../core/errors.ts';

/**
 * The result of some work, or an error once it takes longer: what hangs must not hang everything. The work
 * itself goes on, as nothing can stop a file system that does not answer.
 */
export async function within<T>(
  timeoutMs: number,
  limit: { readonly what: string; readonly code: ErrorCode },
  work: Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: done.signal }).then((): never => {
    const message = `${limit.what} does not answer within ${timeoutMs / 1000} s. Look whether its machine or network is down, and try again.`;
    throw new ServeBatchError(limit.code, message);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    late.catch(() => {});
  }
}
