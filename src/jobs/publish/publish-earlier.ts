import { startChildren } from '../../children/child-processes.ts';
import type { Effects } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { outputFileFormat } from '../../core/files/output-file.ts';
import { machineLimits } from '../../core/machine/machine-limits.ts';
import type { Plan } from '../../core/plan.ts';
import type { ManagedStore } from '../../kv/store.ts';
import { runPaths } from '../../runs/layout.ts';
import { previousPublished, publishedSince } from '../../runs/list/published-runs.ts';
import type { JobLock } from '../../runs/lock/lock.ts';
import { underLock } from '../../runs/lock/under-lock.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { markRolledBack, readCurrent, wasPublished, wasRolledBack } from '../../runs/publication.ts';
import { type RunRecord, readManifest } from '../../runs/record/run-record.ts';
import type { StartWorkers } from '../../tasks/workers.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { unlessWriterStopped } from '../limits/stopped-writer-limit.ts';
import { type RunReporter, reportingRelease } from '../run-reporter.ts';
import { canaryBeside, canaryRun, markCanaryEnded, noCanary } from './canary.ts';
import { type CommittedRun, type PublishPolicy, prepareStore, publishAgain } from './publish-committed.ts';
import { storeOfRun } from './store-of-run.ts';

/** Where a job's runs are, and where its predictions go. */
export interface JobPlace {
  readonly job: string;
  readonly folderOfJob: string;
  /** With password; null: the address that stands in the run's plan. */
  readonly storeUrl: string | null;
}

export interface PublishEarlierOptions {
  readonly place: JobPlace;
  /** The share of the keys that the run answers for, beside the published one. Left out: for all. */
  readonly canary?: number;
  /** Why a run is published though its coverage, a gate or duplicate keys keep it back. Left out: it is not. */
  readonly force?: string;
  readonly effects: Effects;
  readonly signal: AbortSignal;
  /** Told once the job's lock is released. */
  readonly reporter?: RunReporter;
  /** Who does the work; it is ended with the call. Default: child processes. */
  readonly startWorkers?: StartWorkers;
}

/** Makes a committed run the published one: loads the store again from its parts where that is needed. */
export async function publishEarlier(options: PublishEarlierOptions, runId: string): Promise<RunRecord> {
  return tellingUnderLock(options, (lock) => publishLocked(options, lock, runId));
}

/** Does work under the job's lock, and tells of its release. */
function tellingUnderLock<T>(
  options: PublishEarlierOptions,
  work: (lock: JobLock) => Promise<T>,
): Promise<T> {
  return reportingRelease(options, () => underLock(options.place.folderOfJob, options.effects, work));
}

/** Lets the canary of a job answer for all keys. Throws `NOT_FOUND` where there is none. */
export async function promote(options: PublishEarlierOptions): Promise<Omit<RolledBack, 'endedCanary'>> {
  const { folderOfJob, job } = options.place;
  return tellingUnderLock(options, async (lock) => {
    const from = await readCurrent(folderOfJob);
    const canary = from === undefined ? null : await canaryRun(options.place, from);
    if (from === undefined || canary === null) throw noCanary(job);
    // What kept it back was looked at when it became the canary.
    return { from, record: await publishLocked(options, lock, canary, { kind: 'seen' }) };
  });
}

export interface RolledBack {
  /** The run that readers saw, or the canary of which some did. */
  readonly from: string;
  readonly endedCanary: boolean;
  /** Of the run that they see now. */
  readonly record: RunRecord;
}

/**
 * Makes the run that was published before the current one the published one again, or `runId` where it is
 * given: a committed run that was published earlier. The runs published after it count as rolled back. Where there is
 * a canary, it only ends, and all keys are answered from the published run again.
 * Throws `NOT_FOUND` where there is none, and `USAGE` where `runId` is not one to go back to.
 */
export async function rollBack(options: PublishEarlierOptions, runId?: string): Promise<RolledBack> {
  const { folderOfJob, job } = options.place;
  return tellingUnderLock(options, async (lock) => {
    const from = await readCurrent(folderOfJob);
    if (from === undefined)
      throw new ServeBatchError(
        'NOT_FOUND',
        `The job ${job} has published nothing yet, so it cannot roll back. "serve-batch runs ls" lists its runs.`,
      );
    const canary = await canaryRun(options.place, from);
    if (canary !== null && (runId === undefined || runId === from)) {
      const record = await publishLocked(options, lock, from, { kind: 'seen' });
      await markCanaryEnded(folderOfJob, canary, options.effects.clock.now());
      return { from: canary, endedCanary: true, record };
    }
    const to = runId ?? (await previousPublished(folderOfJob, from));
    if (to === undefined)
      throw new ServeBatchError(
        'NOT_FOUND',
        `The job ${job} has published only run ${from}, so it has no earlier run to roll back to.`,
      );
    await assertRollbackTarget(folderOfJob, to, from);
    const left = await publishedSince(folderOfJob, to, from);
    const record = await publishLocked(options, lock, to, { kind: 'seen' });
    // A successor may have published one of them since.
    await lock.assertHeld(`Readers were given run ${to}.`);
    const at = options.effects.clock.now();
    for (const each of left) await markRolledBack(runPaths(folderOfJob, each), { at });
    return { from, endedCanary: false, record };
  });
}

async function assertRollbackTarget(folderOfJob: string, to: string, from: string): Promise<void> {
  const paths = runPaths(folderOfJob, to);
  let problem: string | undefined;
  if (to === from) problem = 'is the published one already';
  else if (await wasRolledBack(paths)) problem = 'was itself rolled back';
  else if (!(await wasPublished(paths))) problem = 'was never published';
  if (problem === undefined) return;
  const what =
    to === from
      ? 'Name an earlier one, or leave the run out.'
      : `Make it the published one with "serve-batch publish ${to}".`;
  throw new ServeBatchError(
    'USAGE',
    `Run ${to} ${problem}: a rollback goes to a run that readers saw before the current one. ${what}`,
    { fields: { runId: to } },
  );
}

/** As {@link publishEarlier}, for a caller that holds the lock. */
export async function publishLocked(
  options: PublishEarlierOptions,
  lock: JobLock,
  runId: string,
  policy?: PublishPolicy,
): Promise<RunRecord> {
  const { place, signal } = options;
  const paths = runPaths(place.folderOfJob, runId);
  const committed = await readManifest(paths);
  if (committed === undefined)
    throw new ServeBatchError(
      'NOT_FOUND',
      `Run ${runId} is not complete, so it cannot be published. Run the job again to finish it.`,
    );
  const plan = await readPlan(paths.plan);
  const storeUrl = plan.kv === null ? null : (place.storeUrl ?? plan.kv.url);
  return unlessWriterStopped({ storeUrl, job: place.job }, signal, (watched) =>
    publishCommittedRun({ ...options, signal: watched }, lock, {
      ...{ plan, committed, storeUrl, policy: policy ?? policyOf(committed, plan, options.force) },
    }),
  );
}

interface RunToPublish extends Pick<CommittedRun, 'plan' | 'committed' | 'policy'> {
  readonly storeUrl: string | null;
}

async function publishCommittedRun(
  { place, effects, signal, canary: share, startWorkers = startChildren }: PublishEarlierOptions,
  lock: JobLock,
  { plan, committed, storeUrl, policy }: RunToPublish,
): Promise<RunRecord> {
  const { runId } = plan;
  const paths = runPaths(place.folderOfJob, runId);
  const workers = startWorkers({
    size: machineLimits().cpus,
    place: { folder: place.folderOfJob, storeUrl },
    signal,
  });
  workers.warmUp();
  const { path } = committed.output;
  let store: ManagedStore | null = null;
  try {
    const { folderOfJob } = place;
    store = await storeOfRun({ job: place.job, storeUrl, clock: effects.clock, workers });
    const canary = share === undefined ? undefined : await canaryBeside(folderOfJob, plan, store, share);
    await prepareStore(store, lock, { folderOfJob, runId, count: plan.kv?.keepGenerations ?? 1 });
    return await publishAgain({
      ...{ plan, paths, committed, workers, lock, store, effects },
      run: { runId, memoryLimit: memoryLimitOf({ execution: { memoryLimitBytes: null } }) },
      folderOfJob: place.folderOfJob,
      singleFile: outputFileFormat(path) === null ? null : path,
      policy,
      ...(canary === undefined ? {} : { canary }),
    });
  } finally {
    await workers.close();
    await store?.close();
  }
}

/** As the run was planned and committed: the job may say something else by now. */
function policyOf({ coverage }: RunRecord, { kv }: Plan, force: string | undefined): PublishPolicy {
  if (force !== undefined) return { kind: 'forced', reason: force };
  return { kind: 'checked', coverageMin: coverage?.min ?? 0, duplicates: kv?.duplicates ?? 'error' };
}
