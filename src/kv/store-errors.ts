import { ServeBatchError } from '../core/errors.ts';
import type { Fence } from './store.ts';

/** Errors that every store raises, in the same words. */

export function fencedError(job: string, newerToken: number, mine: Fence): ServeBatchError {
  return new ServeBatchError(
    'FENCED',
    `Job "${job}" was taken over: a process with token ${newerToken} works on it since this one began with token ${mine.token}. Look at the newer run with "serve-batch runs ls".`,
    { fields: { job, newerToken, token: mine.token } },
  );
}

export function missingGenerationError(job: string, generation: string, url: string): ServeBatchError {
  return new ServeBatchError(
    'NOT_FOUND',
    `Store ${url} does not hold generation ${generation} of job "${job}". Load it again from its parts with "serve-batch publish ${generation}".`,
    { fields: { job, generation } },
  );
}

/** Of a generation that was published, and is no longer there. */
export function lostGenerationError(job: string, generation: string, url: string): ServeBatchError {
  return new ServeBatchError(
    'STORE_INCOMPLETE',
    `Store ${url} has lost run ${generation} of job "${job}", which is published: it was emptied, started again without its data, or evicts keys (maxmemory-policy should be noeviction). Load the run again with "serve-batch publish ${generation}".`,
    { fields: { job, generation, url } },
  );
}

export function dropCurrentError(job: string, generation: string): ServeBatchError {
  return new ServeBatchError(
    'USAGE',
    `Generation ${generation} of job "${job}" is the one that readers see and cannot be dropped. Publish another one first.`,
    { fields: { job, generation } },
  );
}
