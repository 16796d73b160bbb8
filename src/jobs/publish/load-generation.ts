import { ServeBatchError } from '../../core/errors.ts';
import { loadsOf, type Plan, shardInStore } from '../../core/plan.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import { fenceOf } from '../../publish/publish-run.ts';
import { verifyGeneration } from '../../publish/verify-generation.ts';
import type { KvRecord } from '../../runs/record/run-record.ts';
import { allOrFirstError } from './all-or-first-error.ts';
import { generationInfo } from './describe-generation.ts';
import { loadOnto } from './load-onto.ts';
import type { CommittedRun } from './publish-committed.ts';

export type LoadRequest = Pick<
  CommittedRun,
  'folderOfJob' | 'plan' | 'run' | 'workers' | 'store' | 'lock' | 'committed' | 'effects' | 'drain' | 'policy'
>;

export type KvCounts = Pick<KvRecord, 'keys' | 'values' | 'bytes' | 'example' | 'extends'>;

/**
 * Loads a generation from the parts, as far as the store does not hold it, and counts it. Null without a store.
 * Throws `STORE_*`.
 */
export async function loadGeneration(request: LoadRequest): Promise<KvCounts | null> {
  const { plan, run, workers, store, effects, policy } = request;
  if (store === null) return null;
  const shards = shardsOf(plan);
  const first = plan.kv === null ? 0 : shardInStore(plan.kv, 0);
  const fence = fenceOf(request.lock);
  const loads = loadsOf(plan).map((index) => first + index);
  const load = (inStore: number, signal: AbortSignal): Promise<unknown> => {
    const task = { ...run, stageAs: inStore - first, duplicatesAmong: null, fence };
    return workers.runRetrying('load-part', task, { signal });
  };
  effects.progress.update({ stage: 'load store' });
  const own = {
    store,
    generation: plan.runId,
    rows: request.committed.rowsOut,
    loads,
    load: async (missing: readonly number[]) => {
      await allOrFirstError(missing, load, request.drain);
      effects.progress.update({ stage: 'verify' });
    },
    countDistinct: () => workers.runRetrying('count-distinct', { ...run, shards }),
    settleDuplicates: async () => {
      const task = { ...run, stageAs: shards.length, duplicatesAmong: shards, fence };
      await workers.runRetrying('load-part', task);
    },
  };
  const base = plan.kv?.extends;
  const { keys, values, duplicates } =
    base === undefined
      ? await verifyGeneration({ ...own, before: null, known: null })
      : await loadOnto({ ...request, store, base }, own);
  if (duplicates > 0 && policy.kind === 'checked' && policy.duplicates === 'error')
    throw duplicatesError(plan, duplicates);
  if (duplicates > 0)
    effects.log.warn(
      `${formatNumber(duplicates, 'row')} with the key and field of a later row: the store holds the last of each`,
      { duplicates },
    );
  await store.describe(plan.runId, generationInfo(plan), fence);
  const marks = await store.stagedShards(plan.runId);
  const bytes = loads.reduce((sum, inStore) => sum + (marks.get(inStore)?.bytes ?? 0), 0);
  const onto = base === undefined ? {} : { extends: base.runId };
  return { keys, values, bytes, ...onto, ...(await exampleOf(request)) };
}

function duplicatesError({ runId, kv }: Plan, duplicates: number): ServeBatchError {
  const template = [kv?.key, kv?.field].filter((each) => typeof each === 'string').join(' and field ');
  return new ServeBatchError(
    'DUPLICATE_KEYS',
    `Run ${runId} has ${formatNumber(duplicates, 'row')} with the key and field of a later row (key ${template}); expected each once. It is committed, but not published: readers see what they saw before. Remove the duplicate rows, or add a column to kv.key. If the last of them is the right one, set kv.duplicates: last, or publish the run with "serve-batch publish ${runId} --force REASON".`,
    { fields: { runId, duplicates } },
  );
}

/** A key to look up first. It is only for people: whatever keeps it from them keeps the run from nothing. */
async function exampleOf({ plan, run, workers }: LoadRequest): Promise<Pick<KvCounts, 'example'>> {
  const [first] = shardsOf(plan);
  if (first === undefined) return {};
  const example = await workers.run('example-key', { ...run, shards: [first] }).catch(() => null);
  return example === null ? {} : { example };
}

export function shardsOf(plan: Plan): number[] {
  return plan.shards.map(({ index }) => index);
}
