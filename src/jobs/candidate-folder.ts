import { ServeBatchError } from '../core/errors.ts';
import { readCandidateOf, writeCandidateOf } from '../runs/candidates/candidate-name.ts';
import { listRunIds } from '../runs/list/run-folders.ts';
import type { LockedRun } from './lock/locked-run.ts';

/**
 * Makes sure that a run has its folder and its store to itself: the folder of a job holds no candidate of another one,
 * and a candidate under a name of its own takes neither the folder nor the readers of anything else. The lock is held.
 * Throws `USAGE`.
 */
export async function claimFolder({ folder, store, options }: LockedRun): Promise<void> {
  const { spec, candidateOf = null } = options;
  const known = await readCandidateOf(folder);
  if (candidateOf === null) {
    if (known !== undefined) throw holdsCandidate(spec.name, folder, known);
    return;
  }
  if (known !== undefined && known !== candidateOf) throw holdsCandidate(spec.name, folder, known);
  const runIds = await listRunIds(folder);
  if (known === undefined && runIds.length > 0)
    throw taken(spec.name, `${folder} has runs of a job of that name`);
  const shown = await store?.current();
  if (shown !== undefined && !runIds.includes(shown))
    throw taken(
      spec.name,
      `${store?.url} shows run ${shown} of a job of that name, and readers may be using it`,
    );
  if (known === undefined) await writeCandidateOf(folder, candidateOf);
}

function taken(name: string, why: string): ServeBatchError {
  return new ServeBatchError(
    'USAGE',
    `--as is "${name}", but ${why}. A candidate overwrites nothing: give it another name.`,
    { fields: { name } },
  );
}

function holdsCandidate(name: string, folder: string, of: string): ServeBatchError {
  return new ServeBatchError(
    'USAGE',
    `${folder} holds the candidate "${name}" of the job ${of}. Give another name, or delete the candidate with: serve-batch runs prune --as ${name}`,
    { fields: { name, job: of } },
  );
}
