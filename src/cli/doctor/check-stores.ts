import type { JobSpec } from '../../config/job-spec.ts';
import type { Clock } from '../../core/effects.ts';
import { storeUrlOf } from '../../jobs/plan/locations.ts';
import { type StoreKindName, showStoreUrl, storeKindOf } from '../../kv/store-kinds.ts';
import { unknownStore } from '../../kv/unknown-store.ts';
import { type Check, failure, finding } from './check.ts';
import { checkLmdb } from './check-lmdb.ts';
import { checkRedis } from './check-redis.ts';
import { within } from './within.ts';

const TIMEOUT_MS = 12_000;

/** A store, and the jobs that use it. */
export interface StoreUse {
  /** With password. */
  readonly url: string;
  readonly jobs: readonly string[];
  /** Whether it is the embedded one in the output folder, for which the job names none. */
  readonly isInOutput: boolean;
}

/** The store that was given, for all jobs; or those that the jobs name, each once. */
export function storesToCheck(given: string | undefined, jobs: readonly JobSpec[]): readonly StoreUse[] {
  const users = jobs.filter(({ kv }) => kv !== null);
  if (given === 'none') return [];
  if (given !== undefined) {
    const names = users.map(({ name }) => name);
    // Without jobs there is nothing but a name to try it with.
    return [{ url: given, jobs: names.length === 0 ? ['doctor'] : names, isInOutput: false }];
  }
  const stores = new Map<string, StoreUse>();
  for (const job of users) {
    const url = storeUrlOf(job);
    if (url === null) continue;
    const names = [...(stores.get(url)?.jobs ?? []), job.name];
    stores.set(url, { url, jobs: names, isInOutput: job.kv?.url === null });
  }
  return [...stores.values()];
}

/** Every store at the same time: one that does not answer holds up no other. */
export async function checkStores(stores: readonly StoreUse[], clock: Clock): Promise<readonly Check[]> {
  if (stores.length === 0) return [finding('info', 'store', 'none: the predictions go to Parquet alone')];
  return (await Promise.all(stores.map((store) => checkStore(store, clock)))).flat();
}

async function checkStore(store: StoreUse, clock: Clock): Promise<readonly Check[]> {
  const shown = showStoreUrl(store.url);
  try {
    const limit = { what: `The store ${shown}`, code: 'STORE_UNAVAILABLE' } as const;
    return await within(TIMEOUT_MS, limit, examineStore(store, clock));
  } catch (error) {
    return [failure(shown, error)];
  }
}

const CHECKS: Readonly<Record<StoreKindName, (store: StoreUse, clock: Clock) => Promise<readonly Check[]>>> =
  {
    lmdb: checkLmdb,
    redis: ({ url, jobs }, clock) => checkRedis(url, jobs, clock),
  };

async function examineStore(store: StoreUse, clock: Clock): Promise<readonly Check[]> {
  const kind = storeKindOf(store.url);
  if (kind === undefined) throw unknownStore(store.url);
  return CHECKS[kind.name](store, clock);
}
