import type { Log } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import { generationsOf } from '../kv/canary.ts';
import type { ManagedStore, StorePointer } from '../kv/store.ts';
import { lastPublished } from '../runs/list/published-runs.ts';
import type { JobLock } from '../runs/lock/lock.ts';
import { fenceOf } from './publish-run.ts';

/** Which generations of a job a store may keep. */
export interface KeptGenerations {
  readonly folderOfJob: string;
  /** One that stays in any case: the run that is published, loaded or continued. Null: none but what readers see. */
  readonly runId: string | null;
  /** Generations that readers saw last, the one they see included. */
  readonly count: number;
}

/**
 * The generations of a store that neither readers nor a rollback within `count` need: older ones, and what runs
 * that failed have left.
 */
export async function unneededGenerations(
  store: StorePointer,
  { folderOfJob, runId, count }: KeptGenerations,
): Promise<readonly string[]> {
  const held = await store.generations();
  if (held.length === 0) return [];
  const shown = await store.shown();
  const current = shown?.generation;
  const keep = new Set([
    ...generationsOf(shown),
    ...(await lastPublished(folderOfJob, held, { current, count })),
  ]);
  return held.filter((generation) => generation !== runId && !keep.has(generation));
}

/** Drops generations; returns what was dropped. Throws `FENCED` for a process that lost the lock, and `STORE_*`. */
export async function dropGenerations(
  store: ManagedStore,
  lock: JobLock,
  kept: KeptGenerations,
): Promise<readonly string[]> {
  const unneeded = await unneededGenerations(store, kept);
  for (const generation of unneeded) await store.drop(generation, fenceOf(lock));
  return unneeded;
}

/** Whether a load failed for a reason that what was loaded so far does not help against, and may be the cause of. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof ServeBatchError &&
    ['STORE_REFUSED', 'STORE_INCOMPLETE', 'DISK_FULL'].includes(error.code)
  );
}

/**
 * Drops what a store has taken of a generation that it then refused, so that a full store gets its room back.
 * The parts are loaded again by the next attempt. Never throws: the caller has an error to tell already.
 */
export async function dropRefused(
  store: ManagedStore,
  lock: JobLock,
  generation: string,
  log: Log,
): Promise<void> {
  try {
    // Readers see it: the published run was being loaded again, and what is left of it is better than nothing.
    if (generationsOf(await store.shown()).includes(generation)) return;
    await store.drop(generation, fenceOf(lock));
    log.info('what the store had taken of this run was dropped again', { generation });
  } catch (error) {
    log.warn(
      'what the store had taken of this run could not be dropped; the next "run" or "publish" of the job does',
      { generation, error: String(error) },
    );
  }
}
