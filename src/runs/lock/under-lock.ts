import { type ErrorCode, ServeBatchError } from '../../core/errors.ts';
import { acquireLock, type JobLock, type LockOptions } from './lock.ts';

/** Does some work under a job's lock, and releases it. Throws `LOCKED`, and what {@link whileHeld} throws. */
export async function underLock<T>(
  folderOfJob: string,
  options: LockOptions,
  work: (lock: JobLock) => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(folderOfJob, options);
  try {
    return await whileHeld(lock, () => work(lock));
  } finally {
    await lock.release();
  }
}

/** They say already what has happened. */
const CLEAR: ReadonlySet<ErrorCode> = new Set(['FENCED', 'SIGINT', 'SIGTERM', 'TIMED_OUT']);

/**
 * Does work under a lock that is held. Whoever loses it meanwhile finds files gone, which its successor has cleared
 * away, and may fail in any way: the error then is that the lock was lost, `FENCED`.
 */
export async function whileHeld<T>(lock: JobLock, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ServeBatchError && CLEAR.has(error.code)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    await lock.assertHeld(`What this one was at then failed: ${message.replace(/\.$/, '')}.`);
    throw error;
  }
}
