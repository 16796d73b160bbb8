import type { Clock } from '../../core/effects.ts';
import type { ManagedStore } from '../../kv/store.ts';
import type { Workers } from '../../tasks/workers.ts';

export interface StoreOfRun {
  readonly job: string;
  /** With password; null: there is no store. The workers were told the same. */
  readonly storeUrl: string | null;
  readonly clock: Clock;
  readonly workers: Workers;
}

/** The store of a run, opened by the run's workers. Libraries of stores are loaded where a job has one. */
export async function storeOfRun({
  job,
  storeUrl: url,
  clock,
  workers,
}: StoreOfRun): Promise<ManagedStore | null> {
  if (url === null) return null;
  const { openPointer } = await import('../../kv/open-pointer.ts');
  const { StoreInWorkers } = await import('../../tasks/store-in-workers.ts');
  return new StoreInWorkers(job, openPointer({ url, job, clock }), workers);
}
