import type { Clock } from '../../core/effects.ts';
import { locksFolder } from '../layout.ts';
import { ensureLineage } from './lineage.ts';
import { highestToken, readClaim } from './lock-claim.ts';

/**
 * What a process shows to a store that loads a part of a run without the job's lock, as the task of an array job does:
 * the token of whoever had the lock last and let go of it. Whoever holds it now, or takes it later, keeps this process
 * from writing on as soon as it begins with the store itself. The job's folder has had a lock: its run was planned.
 */
export async function fenceWithoutLock(
  folderOfJob: string,
  clock: Clock,
): Promise<{ readonly lineage: string; readonly token: number }> {
  const folder = locksFolder(folderOfJob);
  const newest = await highestToken(folder);
  const { state } = await readClaim(folder, newest, clock);
  return {
    lineage: await ensureLineage(folder),
    token: state === 'released' ? newest : Math.max(newest - 1, 0),
  };
}
