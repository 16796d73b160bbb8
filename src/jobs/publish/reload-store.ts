import { underLock } from '../../runs/lock/under-lock.ts';
import { readCurrent } from '../../runs/publication.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { type PublishEarlierOptions, publishLocked } from './publish-earlier.ts';

/**
 * Loads the published run into its store again where `isLost` says, with the lock held, that the store does not
 * show it. Null where somebody else was quicker. Throws `LOCKED` and `STORE_*`.
 */
export async function reloadStore(
  options: PublishEarlierOptions,
  isLost: () => Promise<boolean>,
): Promise<RunRecord | null> {
  const { folderOfJob } = options.place;
  return underLock(folderOfJob, options.effects, async (lock) => {
    const current = await readCurrent(folderOfJob);
    if (current === undefined || !(await isLost())) return null;
    // It was published before: whatever kept it back, readers had it.
    return await publishLocked(options, lock, current, { kind: 'seen' });
  });
}
