import type { Clock, Log } from '../core/effects.ts';
import type { Plan } from '../core/plan.ts';
import type { Fence, KvStore } from '../kv/store.ts';
import type { RunPaths } from '../runs/layout.ts';
import type { JobLock } from '../runs/lock/lock.ts';
import { clearRolledBack, markPublished, setCurrent } from '../runs/publication.ts';
import { lastPublished } from '../runs/published-runs.ts';

/** What a store is shown: the token of the lock, and what it can be compared with. */
export function fenceOf({ lineage, token }: JobLock): Fence {
  return { lineage, token };
}

export interface PublishRequest {
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly folderOfJob: string;
  /** Null: the run has no store, or `kv` is switched off. */
  readonly store: KvStore | null;
  readonly lock: JobLock;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Makes a committed and verified run the one that readers see: in the store first, then in the output
 * folder. A crash between the two is mended by publishing again, which changes nothing else.
 */
export async function publishRun(request: PublishRequest): Promise<void> {
  const { plan, paths, folderOfJob, store, lock, clock } = request;
  await lock.assertHeld();
  await store?.publish(plan.runId, fenceOf(lock));
  await lock.assertHeld(
    store === null
      ? undefined
      : `${store.url} shows run ${plan.runId}; the output folder does not. The other process publishes its own run over it, or the same command does this one.`,
  );
  await setCurrent(folderOfJob, plan.runId);
  await markPublished(paths, { at: clock.now(), token: lock.token, lineage: lock.lineage });
  await clearRolledBack(paths);
}

/**
 * Drops the store's generations beyond the newest published ones. A failure is only logged: the new
 * generation is published, and the next run tries again.
 */
export async function dropOldGenerations(request: PublishRequest): Promise<void> {
  const { store, plan, folderOfJob, lock, log } = request;
  if (store === null || plan.kv === null) return;
  try {
    const generations = await store.generations();
    const kept = { current: plan.runId, count: plan.kv.keepGenerations };
    const keep = new Set(await lastPublished(folderOfJob, generations, kept));
    for (const generation of generations) {
      if (keep.has(generation)) continue;
      await store.drop(generation, fenceOf(lock));
      log.debug('dropped an old generation', { generation });
    }
  } catch (error) {
    log.warn('old generations could not be dropped; the next run tries again', { error: String(error) });
  }
}
