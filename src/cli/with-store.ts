import { systemClock } from '../core/effects.ts';
import { storeOfRun } from '../jobs/publish/store-of-run.ts';
import type { ManagedStore } from '../kv/store.ts';
import type { CliContext } from './context.ts';

/** A job's store for a command that changes it. `storeUrl` with password; null: there is none. */
export interface StoreToChange {
  readonly job: string;
  readonly folderOfJob: string;
  readonly storeUrl: string | null;
}

/**
 * Lets a command change a store. A worker does that, and is started once it is needed: where the disk is full behind
 * a file of LMDB, the system ends the process that writes to it, and the command has to say so.
 */
export async function withStore<T>(
  { workers: source, signal }: CliContext,
  { job, folderOfJob: folder, storeUrl }: StoreToChange,
  use: (store: ManagedStore | null) => Promise<T>,
): Promise<T> {
  if (storeUrl === null) return use(null);
  const workers = source.start({ size: 1, place: { folder, storeUrl }, signal });
  try {
    const store = await storeOfRun({ job, storeUrl, clock: systemClock, workers });
    return await use(store).finally(() => store?.close());
  } finally {
    await workers.close();
  }
}
