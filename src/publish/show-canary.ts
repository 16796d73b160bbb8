import { writeCanary } from '../runs/candidates/canary-file.ts';
import { clearRolledBack } from '../runs/publication.ts';
import { fenceOf, type PublishRequest } from './publish-run.ts';

/** A share of the keys, more than 0 and less than 1, that a run answers for beside the published one. */
export interface CanaryRequest {
  readonly published: string;
  readonly share: number;
}

/**
 * Lets a committed and verified run answer for a share of the keys: in the store, in one step, and then in the output
 * folder, for the history. A crash between the two is mended by the same command.
 */
export async function showCanary(
  { plan, paths, folderOfJob, store, lock, clock }: PublishRequest,
  { published, share }: CanaryRequest,
): Promise<void> {
  await lock.assertHeld();
  await store?.publish(published, fenceOf(lock), { generation: plan.runId, share });
  await lock.assertHeld();
  await writeCanary(folderOfJob, { runId: plan.runId, published, share, at: clock.now().toISOString() });
  await clearRolledBack(paths);
}
