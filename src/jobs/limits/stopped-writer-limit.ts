import { ServeBatchError } from '../../core/errors.ts';
import type { StoppedWriter } from '../../kv/lmdb/lmdb-stopped-writer.ts';
import { stoppedWriterOf } from '../../kv/stopped-writer.ts';
import { storeKindOf } from '../../kv/store-kinds.ts';

export interface StoppedWriterLimit {
  readonly lookEveryMs: number;
  /** Looks in a row that find the same process: this one may itself have been stopped with it, and go on first. */
  readonly looks: number;
}

const LIMIT: StoppedWriterLimit = { lookEveryMs: 5_000, looks: 6 };

/**
 * Does work that loads a store. Where another process holds the store's lock and stands still, the work's signal is
 * aborted with `STORE_UNAVAILABLE`, which names that process: nothing else would end the wait.
 * @param storeUrl null: there is no store
 */
export async function unlessWriterStopped<T>(
  { storeUrl, job }: { readonly storeUrl: string | null; readonly job: string },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  { lookEveryMs, looks }: StoppedWriterLimit = LIMIT,
): Promise<T> {
  if (storeUrl === null || storeKindOf(storeUrl)?.name !== 'lmdb') return work(signal);
  const stuck = new AbortController();
  let last: StoppedWriter | null = null;
  let seen = 0;
  const look = async (): Promise<void> => {
    const found = await stoppedWriterOf(storeUrl, job);
    seen = found !== null && found.pid === last?.pid ? seen + 1 : 1;
    last = found;
    if (found !== null && seen >= looks) stuck.abort(stoppedError(found));
  };
  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  try {
    return await work(AbortSignal.any([signal, stuck.signal]));
  } finally {
    clearInterval(timer);
  }
}

function stoppedError({ pid, file }: StoppedWriter): ServeBatchError {
  return new ServeBatchError(
    'STORE_UNAVAILABLE',
    `Process ${pid} was stopped (state T in "ps -o pid,stat,args -p ${pid}") while it writes to the store, and holds the lock ${file}, which this command waits for. Continue it with "kill -CONT ${pid}", or end it with "kill -KILL ${pid}", and give the same command again.`,
    { fields: { pid, file } },
  );
}
