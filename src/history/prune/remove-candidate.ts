import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { removeFolder } from '../../core/files/durable-file.ts';
import type { ManagedStore } from '../../kv/store.ts';
import { fenceOf } from '../../publish/publish-run.ts';
import { readCandidateOf } from '../../runs/candidates/candidate-name.ts';
import { locksFolder } from '../../runs/layout.ts';
import { listRunIds } from '../../runs/list/run-folders.ts';
import { underLock } from '../../runs/lock/under-lock.ts';
import { folderBytes } from './folder-bytes.ts';

export interface RemovedCandidate {
  /** The job that it was a candidate of. */
  readonly of: string;
  readonly runs: readonly string[];
  readonly bytes: number;
  readonly generations: readonly string[];
}

/**
 * Deletes a candidate that has a name of its own: what readers see of it, its generations in the store, and its folder
 * but for the locks, so that the next holder's token is larger still. Throws `NOT_FOUND` where the folder holds no
 * such candidate, and `LOCKED`.
 */
export async function removeCandidate(request: {
  readonly folderOfJob: string;
  readonly store: ManagedStore | null;
  readonly dryRun: boolean;
  readonly clock: Clock;
}): Promise<RemovedCandidate> {
  const { folderOfJob, store, dryRun } = request;
  const of = await readCandidateOf(folderOfJob);
  if (of === undefined) throw noCandidate(folderOfJob);
  const removed = {
    ...{ of, runs: await listRunIds(folderOfJob), bytes: await folderBytes(folderOfJob) },
    generations: (await store?.generations()) ?? [],
  };
  if (dryRun) return removed;
  return underLock(folderOfJob, request, async (lock) => {
    await store?.withdraw(fenceOf(lock));
    for (const generation of removed.generations) await store?.drop(generation, fenceOf(lock));
    await lock.assertHeld();
    const kept = basename(locksFolder(folderOfJob));
    for (const name of await readdir(folderOfJob))
      if (name !== kept) await removeFolder(join(folderOfJob, name));
    return removed;
  });
}

function noCandidate(folderOfJob: string): ServeBatchError {
  const name = basename(folderOfJob);
  return new ServeBatchError(
    'NOT_FOUND',
    `${folderOfJob} holds no candidate that "run JOB --as ${name}" made. "serve-batch runs ls" lists the runs of all jobs; "runs prune --job" deletes old runs of a job.`,
    { fields: { name } },
  );
}
