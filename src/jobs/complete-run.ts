import { EXIT, ServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { dropRefused, isRefusal } from '../publish/drop-generations.ts';
import { fenceOf } from '../publish/publish-run.ts';
import { clearWorkFiles, keepInput } from '../runs/clear-work-files.ts';
import { runPaths } from '../runs/layout.ts';
import type { RunSummary } from '../runs/list/run-summary.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import type { RunRecord } from '../runs/record/run-record.ts';
import { isHeldBack } from './alert.ts';
import { computeRun, type RunToCompute } from './compute-run.ts';
import { memoryLimitOf } from './limits/memory-limit.ts';
import type { LockedJob } from './lock/locked-run.ts';
import { type CommittedRun, publishAgain, publishCommitted } from './publish/publish-committed.ts';
import { singleFileOf } from './publish/single-file.ts';
import type { RanJob } from './run-job-options.ts';
import { reporting } from './run-reporter.ts';

/** A planned run, and who computes it. */
export interface RunToComplete extends Omit<RunToCompute, 'loadsStore'> {
  /** The newer occurrence that readers see, for which it is only committed; null: none. */
  readonly overtakenBy: string | null;
}

/** Computes what is missing of a planned run, commits it and publishes it, with the lock held. */
export function completeRun(run: RunToComplete): Promise<RanJob> {
  return reporting(run.locked, run.plan, () => computeAndPublish(run));
}

async function computeAndPublish({ overtakenBy, ...run }: RunToComplete): Promise<RanJob> {
  const { locked, plan, meter } = run;
  const { effects, publish } = locked.options;
  const { clock } = effects;
  const willPublish = overtakenBy === null && publish !== 'never';
  const loadsStore = willPublish && (await beginGeneration(locked, plan));
  return computeRun({ ...run, loadsStore }, async (committed, describe) => {
    const paths = runPaths(locked.folder, plan.runId);
    if (plan.input.staged && locked.options.spec.serving.live !== null) await keepInput(paths);
    await clearWorkFiles(paths);
    if (!willPublish) return { outcome: 'computed', record: committed, overtakenBy, publishError: null };
    const startMs = clock.monotonicMs();
    return publishing('computed', committed, () =>
      publishCommitted(committedRun(locked, plan, committed), (kv) => {
        if (kv !== null) meter.extraSeconds.stage += (clock.monotonicMs() - startMs) / 1000;
        return describe({ status: 'published', kv });
      }),
    );
  });
}

/**
 * Whether shards may be loaded as they are scored. A generation that goes on from another one begins with that one's
 * values; where the store has lost them, all are loaded at the end, the oldest first.
 */
async function beginGeneration({ store, lock, options }: LockedJob, plan: Plan): Promise<boolean> {
  const base = plan.kv?.extends;
  if (store === null || plan.kv === null || base === undefined) return true;
  try {
    return await store.extend(plan.runId, { of: base.runId, layout: plan.kv.layout }, fenceOf(lock));
  } catch (error) {
    if (isRefusal(error)) await dropRefused(store, lock, plan.runId, options.effects.log);
    throw error;
  }
}

/** A run that is committed has not failed where only its store, its coverage or a gate keeps it from its readers. */
async function publishing(
  outcome: RanJob['outcome'],
  committed: RunRecord,
  publish: () => Promise<RunRecord>,
): Promise<RanJob> {
  const ran = { outcome, overtakenBy: null };
  try {
    return { ...ran, record: await publish(), publishError: null };
  } catch (error) {
    if (!keepsBack(error)) throw error;
    return { ...ran, record: { ...committed, status: 'committed' }, publishError: error };
  }
}

function keepsBack(error: unknown): error is ServeBatchError {
  if (!(error instanceof ServeBatchError)) return false;
  return isHeldBack(error) || error.exitCode === EXIT.storeUnavailable;
}

function committedRun(locked: LockedJob, plan: Plan, committed: RunRecord): CommittedRun {
  const { options, folder, workers, lock, store } = locked;
  const { spec, effects, drain } = options;
  return {
    ...{ plan, committed, workers, lock, effects, folderOfJob: folder },
    paths: runPaths(folder, plan.runId),
    run: { runId: plan.runId, memoryLimit: memoryLimitOf(spec) },
    store: plan.kv === null ? null : store,
    singleFile: singleFileOf(spec),
    policy: {
      kind: 'checked',
      coverageMin: spec.coverage.min,
      duplicates: spec.kv?.duplicates ?? 'error',
    },
    ...(drain === undefined ? {} : { drain }),
  };
}

/** Brings a run to its readers that an earlier command committed. */
export async function publishCommittedRun(
  locked: LockedJob,
  { runId, record }: Pick<RunSummary, 'runId' | 'record'>,
): Promise<RanJob> {
  if (record === undefined) throw new TypeError('Only a run with a manifest is published');
  const paths = runPaths(locked.folder, runId);
  await locked.runLog.resume(paths.log);
  const plan = await readPlan(paths.plan);
  return reporting(locked, plan, () =>
    publishing('published', record, () => publishAgain(committedRun(locked, plan, record))),
  );
}
