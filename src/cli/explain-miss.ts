import { systemClock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import { memoryLimitOf } from '../jobs/limits/memory-limit.ts';
import { expiryOf } from '../jobs/publish/expiry.ts';
import type { JobPlace } from '../jobs/publish/publish-earlier.ts';
import { runsOfGeneration } from '../jobs/publish/runs-below.ts';
import type { GenerationInfo } from '../kv/store.ts';
import { lostGenerationError } from '../kv/store-errors.ts';
import { showStoreUrl } from '../kv/store-kinds.ts';
import { askedColumns, missError } from '../lookup/explain-miss.ts';
import { runPaths } from '../runs/layout.ts';
import { readCurrent } from '../runs/publication.ts';
import type { CliContext } from './context.ts';

/** The error of a lookup that found nothing: which part of the key no prediction has. */
export async function explainMiss(
  context: CliContext,
  miss: {
    readonly place: JobPlace;
    readonly info: GenerationInfo;
    readonly columns: Readonly<Record<string, string>>;
  },
): Promise<ServeBatchError> {
  const { place, info, columns } = miss;
  const known = await knownNames(context, place, info.runId, askedColumns(miss)).catch(() => null);
  const expiry = await expiryOf(runPaths(place.folderOfJob, info.runId), systemClock.now()).catch(() => null);
  return missError({ job: place.job, info, columns }, known, expiry);
}

/** The error of a lookup to whom a store shows nothing: where the output folder has a published run, the store has lost it. */
export async function explainNothing(place: JobPlace, error: unknown): Promise<unknown> {
  const { job, folderOfJob, storeUrl } = place;
  if (!(error instanceof ServeBatchError) || error.code !== 'NOT_FOUND' || storeUrl === null) return error;
  const current = await readCurrent(folderOfJob);
  return current === undefined ? error : lostGenerationError(job, current, showStoreUrl(storeUrl));
}

/** Which of the asked values occur in the parts at all. */
async function knownNames(
  context: CliContext,
  place: JobPlace,
  runId: string,
  wanted: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const runs = await runsOfGeneration(place.folderOfJob, runId, systemClock);
  const { signal, workers: source } = context;
  const workers = source.start({ size: 1, place: { folder: place.folderOfJob, storeUrl: null }, signal });
  try {
    const run = { runId, memoryLimit: memoryLimitOf({ execution: { memoryLimitBytes: null } }) };
    return await workers.run('known-values', { ...run, runs, wanted });
  } finally {
    await workers.close();
  }
}
