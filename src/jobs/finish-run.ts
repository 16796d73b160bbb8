import { basename, relative } from 'node:path';
import type { Effects } from '../core/effects.ts';
import type { Plan } from '../core/plan.ts';
import type { Column } from '../core/table.ts';
import { sqlTypeOf } from '../core/tensor-data.ts';
import type { GenerationInfo, KvStore } from '../kv/store.ts';
import { dropOldGenerations, publishRun } from '../publish/publish-run.ts';
import { verifyGeneration } from '../publish/verify-generation.ts';
import type { RunPaths } from '../runs/layout.ts';
import type { JobLock } from '../runs/lock/lock.ts';
import { type KvRecord, type RunRecord, writeManifest } from '../runs/record/run-record.ts';
import { valueKind } from '../sinks/value-sql.ts';
import type { RunReference } from '../tasks/tasks.ts';
import type { Workers } from '../tasks/workers.ts';
import { allOrFirstError } from './all-or-first-error.ts';

/** A run whose shards are all committed, and what is needed to bring it to its readers. */
export interface FinishRequest {
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly run: RunReference;
  readonly folderOfJob: string;
  readonly workers: Workers;
  readonly lock: JobLock;
  /** Null: the run has none. */
  readonly store: KvStore | null;
  /** Where the parts are joined into one file; null: they stay a folder. */
  readonly singleFile: string | null;
  readonly rowsOut: number;
  readonly effects: Effects;
  /** No load of the store begins once it is aborted; its reason is thrown. The run stays committed. */
  readonly drain?: AbortSignal;
}

/** Commits the run: from here on it exists for readers of the folder, whatever happens. */
export async function commitRun(request: FinishRequest, record: RunRecord): Promise<void> {
  await request.lock.assertHeld();
  await writeManifest(request.paths, record);
}

/**
 * Brings a committed run to its readers: loads the store from what is not loaded yet, counts what it
 * holds, and makes the run the published one. Idempotent. Throws `STORE_*`; the run stays committed.
 */
export async function publishCommitted(request: FinishRequest): Promise<KvCounts | null> {
  const { plan, effects, singleFile, workers, run, lock } = request;
  const counts = await loadGeneration(request);
  effects.progress.update({ stage: 'publish' });
  if (singleFile !== null) {
    await lock.assertHeld();
    const target = relative(request.folderOfJob, singleFile);
    await workers.runRetrying('merge-parts', { ...run, shards: shardsOf(plan), target });
  }
  const publication = { ...request, clock: effects.clock, log: effects.log };
  await publishRun(publication);
  await dropOldGenerations(publication);
  return counts;
}

export type KvCounts = Pick<KvRecord, 'keys' | 'values' | 'bytes'>;

async function loadGeneration(request: FinishRequest): Promise<KvCounts | null> {
  const { plan, run, workers, store, effects } = request;
  if (store === null) return null;
  const shards = shardsOf(plan);
  const load = (stageAs: number, signal: AbortSignal): Promise<unknown> =>
    workers.runRetrying('load-part', { ...run, stageAs, duplicatesAmong: null }, { signal });
  effects.progress.update({ stage: 'load store' });
  const { keys, values, duplicates } = await verifyGeneration({
    store,
    generation: plan.runId,
    rows: request.rowsOut,
    shards,
    load: async (missing) => {
      await allOrFirstError(missing, load, request.drain);
      effects.progress.update({ stage: 'verify' });
    },
    countDistinct: () => workers.runRetrying('count-distinct', { ...run, shards }),
    settleDuplicates: async () => {
      await workers.runRetrying('load-part', { ...run, stageAs: shards.length, duplicatesAmong: shards });
    },
  });
  if (duplicates > 0)
    effects.log.warn(
      `${duplicates} rows share key and field with a later row; the store holds the last of each`,
      {
        duplicates,
      },
    );
  await store.describe(plan.runId, generationInfo(plan));
  const marks = await store.stagedShards(plan.runId);
  return { keys, values, bytes: shards.reduce((sum, shard) => sum + (marks.get(shard)?.bytes ?? 0), 0) };
}

function shardsOf(plan: Plan): number[] {
  return plan.shards.map(({ index }) => index);
}

function generationInfo(plan: Plan): GenerationInfo {
  if (plan.kv === null) throw new TypeError('The plan has no store');
  const { key, field, values } = plan.kv;
  return {
    runId: plan.runId,
    createdAt: plan.createdAt,
    model: basename(plan.model.path),
    modelSha256: plan.model.sha256,
    key,
    field,
    values,
    valueKind: valueKind(values, partColumns(plan)),
  };
}

/** The columns of a part, as the plan says them. */
function partColumns(plan: Plan): readonly Column[] {
  const made = plan.output.predictions.flatMap(({ columns, elementType, shape }) =>
    columns.map((name) => ({ name, type: `${sqlTypeOf(elementType)}${shape === 'list' ? '[]' : ''}` })),
  );
  return [...plan.output.keptColumns, ...made];
}
