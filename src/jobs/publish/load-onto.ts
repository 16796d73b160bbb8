import { ServeBatchError } from '../../core/errors.ts';
import type { ExtendedRun } from '../../core/plan.ts';
import type { ManagedStore } from '../../kv/store.ts';
import { fenceOf } from '../../publish/publish-run.ts';
import {
  type HeldBefore,
  type VerifiedGeneration,
  type VerifyRequest,
  verifyGeneration,
} from '../../publish/verify-generation.ts';
import { runPaths } from '../../runs/layout.ts';
import { readManifest } from '../../runs/record/run-record.ts';
import { allOrFirstError } from './all-or-first-error.ts';
import type { LoadRequest } from './load-generation.ts';
import { type RunBelow, runsBelow } from './runs-below.ts';

type Onto = LoadRequest & { readonly store: ManagedStore; readonly base: ExtendedRun };

/**
 * Loads the generation of a run that goes on from another one: as a copy of that one's generation with the run's
 * own shards over it or, where the store has lost that, from the parts of all runs below, oldest first. What must
 * be there in the end is known either way. Throws `NOT_FOUND` where parts that are needed are gone.
 */
export async function loadOnto(
  request: Onto,
  own: Omit<VerifyRequest, 'before' | 'known'>,
): Promise<VerifiedGeneration> {
  const { store, plan, base, committed, effects } = request;
  const layout = plan.kv?.layout ?? 'hash';
  const ends = plan.kv?.ttlSeconds !== null;
  if (await store.extend(plan.runId, { of: base.runId, layout }, fenceOf(request.lock))) {
    const known = ends ? null : (committed.kv?.values ?? null);
    try {
      return await verifyGeneration({ ...own, before: await copied(request, ends), known });
    } catch (error) {
      if (!(error instanceof ServeBatchError) || error.code !== 'STORE_INCOMPLETE') throw error;
      effects.log.warn('the store has lost values of earlier runs; they are loaded again from their parts', {
        base: base.runId,
      });
    }
  }
  const below = await runsBelow(request.folderOfJob, plan, effects.clock);
  if (await loadRuns(request, below)) await own.load(own.loads);
  return verifyGeneration({ ...own, before: fromParts(request, below, ends), known: null });
}

/** What a copy of the base must hold beside the run's own. */
async function copied(request: Onto, mayEnd: boolean): Promise<HeldBefore> {
  const { base, folderOfJob, store, workers, run, plan } = request;
  const record = await readManifest(runPaths(folderOfJob, base.runId));
  const countBase = async (): Promise<number> => (await store.count(base.runId)).values;
  const values = record?.kv?.values ?? (await countBase());
  return {
    values,
    mayEnd,
    together: async (own) => {
      const shards = plan.shards.map(({ index }) => index);
      const over = await workers.runRetrying('count-held', { ...run, shards, generation: base.runId });
      return (mayEnd ? await countBase() : values) + own.values - over;
    },
  };
}

/** What the parts of all runs hold. */
function fromParts({ plan, run, workers }: Onto, below: readonly RunBelow[], mayEnd: boolean): HeldBefore {
  const own = { runId: plan.runId, shards: plan.shards.map(({ index }) => index) };
  const runs = [...below.map(({ runId, shards }) => ({ runId, shards })), own];
  return {
    values: below.reduce((sum, { rows }) => sum + rows, 0),
    mayEnd,
    together: async () => (await workers.runRetrying('count-distinct-of-runs', { ...run, runs })).values,
  };
}

/**
 * Loads what is missing of earlier runs. A store may keep what was written last: once something of a run was loaded,
 * all runs after it are loaded again. Whether anything was.
 */
async function loadRuns(request: Onto, below: readonly RunBelow[]): Promise<boolean> {
  const { store, plan, effects, drain } = request;
  const staged = await store.stagedShards(plan.runId);
  let isLoading = false;
  for (const each of below) {
    const missing = isLoading ? each.loads : each.loads.filter((load) => !staged.has(each.firstShard + load));
    if (missing.length === 0) continue;
    isLoading = true;
    effects.log.info(`loading the predictions of run ${each.runId} again`, { runId: each.runId });
    await allOrFirstError(missing, (load, signal) => loadPart(request, each, load, null, signal), drain);
    await loadDuplicates(request, each);
  }
  return isLoading;
}

/** Of rows that share a key and field, the last one wins, as when the run was published. */
async function loadDuplicates(request: Onto, below: RunBelow): Promise<void> {
  const { runId, shards, rows } = below;
  const { memoryLimit } = request.run;
  const distinct = await request.workers.runRetrying('count-distinct', { runId, memoryLimit, shards });
  if (distinct.values < rows) await loadPart(request, below, shards.length, shards);
}

function loadPart(
  { workers, plan, run, lock }: Onto,
  { runId, ttlSeconds }: RunBelow,
  stageAs: number,
  duplicatesAmong: readonly number[] | null,
  signal?: AbortSignal,
): Promise<unknown> {
  const into = { generation: plan.runId, layout: plan.kv?.layout ?? 'hash', ttlSeconds };
  const fence = fenceOf(lock);
  const task = { runId, memoryLimit: run.memoryLimit, stageAs, duplicatesAmong, into, fence };
  return workers.runRetrying('load-part', task, signal === undefined ? {} : { signal });
}
