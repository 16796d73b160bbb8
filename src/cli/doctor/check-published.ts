import type { JobSpec } from '../../config/job-spec.ts';
import type { Clock } from '../../core/effects.ts';
import { storeUrlOf } from '../../jobs/locations.ts';
import { compareStore, describeLostStore } from '../../jobs/publish/store-state.ts';
import { showStoreUrl } from '../../kv/store-kinds.ts';
import { type Check, finding } from './check.ts';
import { within } from './within.ts';

const TIMEOUT_MS = 12_000;

/** Of each job whose store does not show its published run: a warning. What keeps a store from answering is told elsewhere. */
export async function checkPublished(jobs: readonly JobSpec[], clock: Clock): Promise<readonly Check[]> {
  return (await Promise.all(jobs.map((job) => checkJob(job, clock)))).flat();
}

async function checkJob(job: JobSpec, clock: Clock): Promise<readonly Check[]> {
  const url = storeUrlOf(job);
  if (url === null) return [];
  const shown = showStoreUrl(url);
  try {
    const limit = { what: `The store ${shown}`, code: 'STORE_UNAVAILABLE' } as const;
    const state = await within(TIMEOUT_MS, limit, compareStore(job, clock));
    if (state.kind === 'same') return [];
    const advice =
      state.kind === 'foreign'
        ? ''
        : ` "serve-batch publish ${state.published}" loads it again, as schedule and tick do by themselves.`;
    const { published, held } = state;
    const facts = { job: job.name, published, held };
    return [finding('warn', shown, `${describeLostStore(job.name, state)}${advice}`, facts)];
  } catch {
    return [];
  }
}
