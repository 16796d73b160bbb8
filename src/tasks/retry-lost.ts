import { setTimeout as sleep } from 'node:timers/promises';
import { ServeBatchError } from '../core/errors.ts';

const RETRIES = 2;
const PAUSE_MS = 250;

/**
 * Does a task again, at most twice, where the worker that had it was lost. Shards are tried again by
 * run-shards.ts, which counts their attempts.
 */
export async function retryLost<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      const isLost = error instanceof ServeBatchError && error.code === 'CHILD_DIED';
      if (!isLost || attempt > RETRIES) throw error;
      await pause(signal);
    }
  }
}

/** Throws the signal's own reason, where the timer would throw an error of its own. */
async function pause(signal: AbortSignal): Promise<void> {
  await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
  signal.throwIfAborted();
}
