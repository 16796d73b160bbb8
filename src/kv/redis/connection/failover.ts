import { setTimeout as sleep } from 'node:timers/promises';
import { ServeBatchError } from '../../../core/errors.ts';

/**
 * How long work waits for another server to take over. By default the nodes of a cluster declare one dead after
 * fifteen seconds, sentinels after thirty; then they vote.
 */
export const PATIENCE_MS = {
  /** Where somebody waits for an answer. */
  brief: 8_000,
  /** Where a job would have to be started again. */
  long: 90_000,
} as const;

const PAUSE_MS = 250;

/** Replies of a server that has lost its role, or does not know yet who has it. */
const ROLE_LOST = ['READONLY', 'MOVED', 'ASK', 'CLUSTERDOWN', 'UNBLOCKED'];

/** Whether an error may pass once another server has taken over. */
export function isOfFailover(error: unknown): boolean {
  if (!(error instanceof ServeBatchError)) return false;
  return error.code === 'STORE_UNAVAILABLE' || ROLE_LOST.includes(String(error.fields.reply));
}

/** Does work again as long as it fails for want of a server, until the patience is over; the last error is thrown then. */
export async function throughFailover<T>(
  work: () => Promise<T>,
  patienceMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isOfFailover(error) || performance.now() + PAUSE_MS > endMs) throw error;
      await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {});
      signal?.throwIfAborted();
    }
  }
}
