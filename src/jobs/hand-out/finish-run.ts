import { startChildren } from '../../children/child-processes.ts';
import type { BoundJob } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { readDispatch, rounds } from '../../runs/dispatch/dispatch-file.ts';
import { type RunPaths, runPaths } from '../../runs/layout.ts';
import { isCommitted } from '../../runs/list/run-status.ts';
import { readJobState, readRunSummary } from '../../runs/list/run-summary.ts';
import { acquireLock } from '../../runs/lock/lock.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { readCurrent } from '../../runs/publication.ts';
import { readCommittedShards } from '../../runs/record/shard-record.ts';
import { assertPlannedHere } from '../../runs/record/versions.ts';
import { RunLog } from '../../runs/run-log.ts';
import { completeRun, publishCommittedRun } from '../complete-run.ts';
import { processesOf } from '../limits/processes.ts';
import { unlessWriterStopped } from '../limits/stopped-writer-limit.ts';
import { timeLimitsOf, withinTimeLimit } from '../limits/time-limit.ts';
import type { LockedJob } from '../lock/locked-run.ts';
import { ReleaseStack } from '../lock/release-stack.ts';
import { newerOccurrence } from '../lock/run-locked.ts';
import { storeUrlOf } from '../plan/locations.ts';
import { prepareStore } from '../publish/publish-committed.ts';
import { storeLog } from '../publish/store-log.ts';
import { storeOfRun } from '../publish/store-of-run.ts';
import type { RanJob, RunJobOptions } from '../run-job-options.ts';
import { RunMeter } from '../run-meter.ts';
import { reportingRelease } from '../run-reporter.ts';
import { assertNoneMissing, NOBODY } from './nobody.ts';
import { type StoreUrls, specOfDispatch } from './spec-of-dispatch.ts';

/** A run whose shards were computed elsewhere. */
export interface FinishOptions
  extends Pick<
    RunJobOptions,
    'effects' | 'signal' | 'drain' | 'startWorkers' | 'publish' | 'mask' | 'reporter'
  > {
  readonly folderOfJob: string;
  readonly runId: string;
  readonly storeUrls: StoreUrls;
}

/**
 * Verifies the parts of a run, commits it and publishes it, under the job's lock. Throws `SHARDS_MISSING` where
 * shards are not computed yet: nothing is lost by asking too early. A run that is published already stays so.
 */
export async function finishRun(options: FinishOptions): Promise<RanJob> {
  const { folderOfJob, runId, signal } = options;
  const paths = runPaths(folderOfJob, runId);
  const plan = await readPlan(paths.plan);
  assertPlannedHere(plan);
  const spec = await specOf(options, paths, plan);
  return reportingRelease(options, () =>
    withinTimeLimit(timeLimitsOf(spec), spec.name, signal, (limited) =>
      unlessWriterStopped({ storeUrl: storeUrlOf(spec), job: spec.name }, limited, (watched) =>
        finishInTime({ ...options, signal: watched }, spec, paths, plan),
      ),
    ),
  );
}

/** The job as the run was planned with it the last time. */
async function specOf(
  { folderOfJob, runId, storeUrls }: FinishOptions,
  paths: RunPaths,
  plan: Plan,
): Promise<BoundJob> {
  const round = Math.max(0, ...(await rounds(paths)));
  if (round === 0)
    throw new ServeBatchError(
      'USAGE',
      `Run ${runId} was not handed out by "serve-batch plan", so "serve-batch run ${plan.job}" finishes it.`,
      { fields: { runId } },
    );
  return specOfDispatch(await readDispatch(paths, round), folderOfJob, storeUrls);
}

async function finishInTime(
  options: FinishOptions,
  spec: BoundJob,
  paths: RunPaths,
  plan: Plan,
): Promise<RanJob> {
  const { effects, signal, folderOfJob, startWorkers = startChildren } = options;
  const release = new ReleaseStack();
  try {
    const lock = await acquireLock(folderOfJob, { clock: effects.clock });
    release.add(() => lock.release());
    await lock.setRun(paths.runId);
    const storeUrl = storeUrlOf(spec);
    const place = { folder: folderOfJob, storeUrl };
    const workers = startWorkers({ size: processesOf(spec), place, signal });
    release.add(() => workers.close());
    const store = await storeOfRun({ job: spec.name, storeUrl, clock: effects.clock, workers });
    if (store !== null) release.add(() => store.close());
    const { mask = (text: string) => text } = options;
    const runLog = new RunLog({ clock: effects.clock, mask, also: effects.log });
    await runLog.resume(paths.log);
    release.add(() => storeLog(runLog, lock));
    const logged = { ...effects, log: runLog };
    const locked: LockedJob = {
      options: { ...options, effects: logged, spec, resume: true, force: false },
      ...{ folder: folderOfJob, lock, workers, runLog, store, storeUrl, readiness: null },
    };
    return await finishLocked(locked, paths, plan);
  } finally {
    await release.all();
  }
}

async function finishLocked(locked: LockedJob, paths: RunPaths, plan: Plan): Promise<RanJob> {
  const { folder, options } = locked;
  const { clock } = options.effects;
  const run = await readRunSummary(paths, await readJobState(folder, clock));
  const { record, status } = run;
  if (record !== undefined && (status === 'published' || status === 'rolled back'))
    return {
      outcome: status === 'published' ? 'up to date' : status,
      record: { ...record, status },
      overtakenBy: null,
      publishError: null,
    };
  const overtakenBy = await overtaken(locked, plan);
  const prepare = (): Promise<void> =>
    prepareStore(locked.store, locked.lock, {
      folderOfJob: folder,
      runId: plan.runId,
      count: plan.kv?.keepGenerations ?? 1,
    });
  if (record !== undefined && isCommitted(status)) {
    if (overtakenBy !== null) return { outcome: 'up to date', record, overtakenBy, publishError: null };
    await prepare();
    return publishCommittedRun(locked, run);
  }
  await assertComplete(paths, plan);
  if (overtakenBy === null) await prepare();
  const meter = new RunMeter(clock, new Date(plan.createdAt));
  return completeRun({ locked, plan, meter, engine: NOBODY, estimate: null, overtakenBy });
}

/** What is missing is said before a store is asked for anything. The parts are read later. */
async function assertComplete(paths: RunPaths, plan: Plan): Promise<void> {
  const done = await readCommittedShards(paths, plan, { verify: false });
  const missing = plan.shards.map(({ index }) => index).filter((index) => !done.has(index));
  assertNoneMissing(plan, missing);
}

/** What readers see that is newer: the occurrence, or a run that was planned later. Null: nothing. */
async function overtaken(locked: LockedJob, { runId, identity }: Plan): Promise<string | null> {
  const { options, folder } = locked;
  if (options.publish === 'always') return null;
  const newer = await newerOccurrence({ folder, options: { ...options, publish: 'unless newer' } });
  if (newer !== null || identity.occurrence !== null) return newer;
  const current = await readCurrent(folder);
  return current !== undefined && current > runId ? current : null;
}
