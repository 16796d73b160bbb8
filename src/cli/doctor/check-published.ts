import type { JobSpec } from '../../config/job-spec.ts';
import type { Clock } from '../../core/effects.ts';
import { storeUrlOf } from '../../jobs/plan/locations.ts';
import { compareStore, countPublished, describeLostStore } from '../../jobs/publish/store-state.ts';
import { openStore } from '../../kv/open-store.ts';
import { showStoreUrl } from '../../kv/store-kinds.ts';
import { formatCount } from '../render/format.ts';
import { type Check, finding } from './check.ts';
import { within } from './within.ts';

const TIMEOUT_MS = 12_000;

/** Of each job whose store does not show its published run: a warning. What keeps a store from answering is told elsewhere. */
export async function checkPublished(jobs: readonly JobSpec[], clock: Clock): Promise<readonly Check[]> {
  return (await Promise.all(jobs.map((job) => checkJob(job, clock)))).flat();
}

/** Counts what the store holds of the published run: one that evicts keys has holes, which no reader can tell from a miss. */
async function checkWhole(job: JobSpec, clock: Clock): Promise<readonly Check[]> {
  const url = storeUrlOf(job);
  const held =
    url === null
      ? null
      : await countPublished(job, clock, (address) => openStore({ url: address, job: job.name, clock }));
  if (url === null || held === null || held.values >= held.expected) return [];
  const { runId, values, expected } = held;
  const text = `The store of ${job.name} holds ${formatCount(values)} of the ${formatCount(expected)} values of run ${runId}: the server evicts keys, or another program deletes them. Set maxmemory-policy to noeviction; "serve-batch publish ${runId}" loads the run again.`;
  return [finding('warn', showStoreUrl(url), text, { job: job.name, values, expected })];
}

async function checkJob(job: JobSpec, clock: Clock): Promise<readonly Check[]> {
  const url = storeUrlOf(job);
  if (url === null) return [];
  const shown = showStoreUrl(url);
  try {
    const limit = { what: `The store ${shown}`, code: 'STORE_UNAVAILABLE' } as const;
    const state = await within(TIMEOUT_MS, limit, compareStore(job, clock));
    if (state.kind === 'same') return await within(TIMEOUT_MS, limit, checkWhole(job, clock));
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
