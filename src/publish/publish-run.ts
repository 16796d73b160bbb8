import type { Clock } from '../core/effects.ts';
import { sharedMirrorOf } from '../core/files/mirror.ts';
import type { Plan } from '../core/plan.ts';
import type { Fence, ManagedStore } from '../kv/store.ts';
import { clearCanary } from '../runs/candidates/canary-file.ts';
import type { RunPaths } from '../runs/layout.ts';
import type { JobLock } from '../runs/lock/lock.ts';
import { clearRolledBack, markPublished, setCurrent } from '../runs/publication.ts';

/** What a store is shown: the token of the lock, and what it can be compared with. */
export function fenceOf({ lineage, token }: JobLock): Fence {
  return { lineage, token };
}

export interface PublishRequest {
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly folderOfJob: string;
  /** Null: the run has no store, or `kv` is switched off. */
  readonly store: ManagedStore | null;
  readonly lock: JobLock;
  readonly clock: Clock;
}

/**
 * Makes a committed and verified run the one that readers see: in the store first, then in the output
 * folder. A canary that there was ends with it. A crash between the two is mended by publishing again, which changes
 * nothing else.
 * @param replaced the single file that readers have of the run already; null: none
 */
export async function publishRun(request: PublishRequest, replaced: string | null = null): Promise<void> {
  const { plan, paths, folderOfJob, store, lock, clock } = request;
  const before =
    replaced === null
      ? undefined
      : `${replaced} holds run ${plan.runId} already; nothing else was published.`;
  await lock.assertHeld(before);
  await store?.publish(plan.runId, fenceOf(lock));
  const soFar =
    store === null
      ? before
      : `${store.url} shows run ${plan.runId}; the output folder does not. The other process publishes its own run over it, or the same command does this one.`;
  // Of a folder, the file that is replaced is the proof.
  if (sharedMirrorOf(folderOfJob) !== undefined) await lock.assertHeld(soFar);
  await setCurrent(folderOfJob, plan.runId, {
    token: lock.token,
    replace: (path, content) => lock.replaceFile(path, content, soFar),
  });
  await clearCanary(folderOfJob);
  await markPublished(paths, { at: clock.now(), token: lock.token, lineage: lock.lineage });
  await clearRolledBack(paths);
}
