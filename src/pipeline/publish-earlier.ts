import type { Effects } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import { machineLimits } from '../core/machine-limits.ts';
import { openStore } from '../kv/open-store.ts';
import { runPaths } from '../runs/layout.ts';
import { previousPublished } from '../runs/ledger.ts';
import { acquireLock, type JobLock } from '../runs/lock.ts';
import { readPlan } from '../runs/plan-file.ts';
import { markRolledBack, readCurrent } from '../runs/publication.ts';
import { type RunRecord, readManifest } from '../runs/run-record.ts';
import { ChildPool } from './child-pool.ts';
import { coverageError, isBelow } from './coverage.ts';
import { commitRun, publishCommitted } from './finish-run.ts';
import { memoryLimitOf } from './memory-limit.ts';
import { publishedRecord } from './published-record.ts';

/** Where a job's runs are, and where its predictions go. */
export interface JobPlace {
  readonly job: string;
  readonly folderOfJob: string;
  /** With password; null: the address that stands in the run's plan. */
  readonly storeUrl: string | null;
}

export interface PublishEarlierOptions {
  readonly place: JobPlace;
  /** Publish a run also where its coverage is too low. */
  readonly force?: boolean;
  readonly effects: Effects;
  readonly signal: AbortSignal;
}

/** Makes a committed run the published one: loads the store again from its parts where that is needed. */
export async function publishEarlier(options: PublishEarlierOptions, runId: string): Promise<RunRecord> {
  const lock = await acquireLock(options.place.folderOfJob, { clock: options.effects.clock });
  try {
    return await publishLocked(options, lock, runId);
  } finally {
    await lock.release();
  }
}

/**
 * Makes the run that was published before the current one the published one again, or `runId` where it
 * is given. Throws `NOT_FOUND` where there is none.
 */
export async function rollBack(
  options: PublishEarlierOptions,
): Promise<{ readonly from: string; readonly record: RunRecord }> {
  const { place, effects } = options;
  const lock = await acquireLock(place.folderOfJob, { clock: effects.clock });
  try {
    const from = await readCurrent(place.folderOfJob);
    if (from === undefined)
      throw new ServeBatchError(
        'NOT_FOUND',
        `The job ${place.job} has published nothing yet: there is nothing to roll back. See serve-batch runs ls.`,
      );
    const to = await previousPublished(place.folderOfJob, from);
    if (to === undefined)
      throw new ServeBatchError(
        'NOT_FOUND',
        `Run ${from} is the only one that the job ${place.job} has published: there is no earlier one to roll back to.`,
      );
    const record = await publishLocked({ ...options, force: true }, lock, to);
    await markRolledBack(runPaths(place.folderOfJob, from), { at: effects.clock.now() });
    return { from, record };
  } finally {
    await lock.release();
  }
}

async function publishLocked(
  { place, effects, signal, force }: PublishEarlierOptions,
  lock: JobLock,
  runId: string,
): Promise<RunRecord> {
  const paths = runPaths(place.folderOfJob, runId);
  const committed = await readManifest(paths);
  if (committed === undefined)
    throw new ServeBatchError(
      'NOT_FOUND',
      `Run ${runId} is not committed: there is nothing whole to publish. Run the job again to finish it.`,
    );
  const min = committed.coverage?.min ?? 0;
  if (force !== true && isBelow(committed, min)) throw coverageError(committed, min, []);
  await lock.setRun(runId);
  const plan = await readPlan(paths.plan);
  const storeUrl = plan.kv === null ? null : (place.storeUrl ?? plan.kv.url);
  const store = storeUrl === null ? null : openStore({ url: storeUrl, job: place.job, clock: effects.clock });
  const pool = new ChildPool({ size: machineLimits().cpus, signal });
  pool.warmUp();
  const { path } = committed.output;
  const request = {
    plan,
    paths,
    run: { planPath: paths.plan, memoryLimit: memoryLimitOf({ execution: { memoryLimitBytes: null } }) },
    folderOfJob: place.folderOfJob,
    pool,
    lock,
    store,
    storeUrl,
    singleFile: path.endsWith('.parquet') ? path : null,
    rowsOut: committed.rowsOut,
    effects,
  };
  try {
    const record = publishedRecord(committed, plan, await publishCommitted(request));
    await commitRun(request, record);
    return record;
  } finally {
    await pool.close();
    await store?.close();
  }
}
