import type { Clock } from '../../core/effects.ts';
import { EXIT, type ServeBatchError } from '../../core/errors.ts';
import { runPaths } from '../../runs/layout.ts';
import { readCurrent, readPublication } from '../../runs/publication.ts';
import { claimAlert } from '../alert-mark.ts';

/** Whether a run failed since its store is away or refuses: the next occurrences will fail as well. */
export function isStoreFailure({ exitCode }: ServeBatchError): boolean {
  return exitCode === EXIT.storeUnavailable;
}

/**
 * Takes it upon this process to tell of a store failure. An outage lasts until the job publishes again: while it
 * does, one process tells once, however many occurrences come meanwhile.
 */
export async function claimOutage(
  folderOfJob: string,
  { code }: ServeBatchError,
  clock: Clock,
): Promise<boolean> {
  const current = await readCurrent(folderOfJob);
  const publication =
    current === undefined ? undefined : await readPublication(runPaths(folderOfJob, current));
  return claimAlert(folderOfJob, new Date(publication?.at ?? 0), code, clock.now());
}
