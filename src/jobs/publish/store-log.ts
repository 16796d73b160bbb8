import type { JobLock } from '../../runs/lock/lock.ts';
import type { RunLog } from '../../runs/run-log.ts';

/** So much of a log is lost where a run in a bucket is killed, in milliseconds. */
const STORE_EVERY_MS = 10_000;

/** Brings the log of a run to its bucket, unless another process has taken over: it writes its own there. */
export async function storeLog(runLog: RunLog, lock: JobLock): Promise<void> {
  if (await lock.isHeld()) await runLog.store();
}

/** Does so now and then. Call what it gives to end that, and to do it for the last time. */
export function keepStoringLog(runLog: RunLog, lock: JobLock): () => Promise<void> {
  let stored = Promise.resolve();
  const timer = setInterval(() => {
    stored = stored.then(() => storeLog(runLog, lock));
  }, STORE_EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await stored;
    await storeLog(runLog, lock);
  };
}
