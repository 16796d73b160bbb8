import type { JobSpec } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { Estimate } from '../../core/estimate.ts';
import type { Plan } from '../../core/plan.ts';
import { markCandidate } from '../../runs/candidates/candidate-mark.ts';
import { clearTemporaryFiles, clearWorkFiles } from '../../runs/clear-work-files.ts';
import { runPaths } from '../../runs/layout.ts';
import { findRunByIdentity } from '../../runs/list/earlier-runs.ts';
import { findCommittedRun, newerPublished } from '../../runs/list/occurrence-runs.ts';
import { listRuns } from '../../runs/list/run-list.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { checkParts } from '../../runs/record/check-parts.ts';
import { newRunId } from '../../runs/run-id.ts';
import type { ShardEngine } from '../../tasks/shard-engine.ts';
import { completeRun, publishCommittedRun } from '../complete-run.ts';
import { estimateRun } from '../estimate/estimate-run.ts';
import type { IncrementalStart } from '../incremental/incremental-start.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { decideRun, isEarlier, type RunDecision } from '../plan/decide-run.ts';
import { planNewRun } from '../plan/plan-new-run.ts';
import { prepareStore } from '../publish/publish-committed.ts';
import { hasFile } from '../publish/single-file.ts';
import type { RanJob, RunJobResult } from '../run-job-options.ts';
import { RunMeter } from '../run-meter.ts';
import { LOCAL_ENGINE } from '../run-shards.ts';
import type { LockedRun } from './locked-run.ts';

/** A sample takes half a second: a run of fewer shards would notice it. */
const LEAST_SHARDS_TO_SAMPLE = 200;

/** What is left to do of a run. */
export type NextStep =
  | { readonly kind: 'done'; readonly result: RunJobResult }
  /** It is committed. */
  | { readonly kind: 'publish'; readonly run: RunSummary }
  | {
      readonly kind: 'compute';
      readonly plan: Plan;
      /** Nothing of it was computed yet. */
      readonly isNew: boolean;
      readonly overtakenBy: string | null;
    };

/** One run of a job, with the lock held: looks at what was done already, decides, and does what is left. */
export async function runLocked(locked: LockedRun): Promise<RunJobResult> {
  const meter = new RunMeter(locked.options.effects.clock);
  const next = await nextStep(locked, meter);
  switch (next.kind) {
    case 'done':
      return next.result;
    case 'publish':
      return publishCommittedRun(locked, next.run);
    case 'compute': {
      const estimate = next.isNew ? await estimateOf(locked, next.plan, meter) : null;
      const engine = await engineOf(locked.options.spec);
      return completeRun({ ...next, locked, meter, engine, estimate });
    }
  }
}

/** Rows are scored for it only where the run has many more of them: a small run is done as soon. */
function estimateOf(locked: LockedRun, plan: Plan, meter: RunMeter): Promise<Estimate | null> {
  const { options, folder: folderOfJob, workers } = locked;
  const { spec, effects } = options;
  const sample = () => workers.run('score-sample', { plan, memoryLimit: memoryLimitOf(spec) });
  return estimateRun({
    ...{ plan, spec, folderOfJob, elapsed: meter.seconds, signal: options.signal },
    ...{ clock: effects.clock, log: effects.log },
    sample: plan.shards.length < LEAST_SHARDS_TO_SAMPLE ? null : sample,
  });
}

/** The queue's libraries are loaded where a job has one. */
async function engineOf({ execution }: Pick<JobSpec, 'execution'>): Promise<ShardEngine> {
  if (execution.queue === null) return LOCAL_ENGINE;
  const { queueEngine } = await import('../../queue/hand-out.ts');
  return queueEngine(execution.queue);
}

/** Looks at what was done already, and plans what is left, with the lock held. */
export async function nextStep(locked: LockedRun, meter: RunMeter): Promise<NextStep> {
  const { options, store, lock } = locked;
  const earlier = options.force ? undefined : await findEarlier(locked);
  const isCandidate = options.publish === 'never';
  const overtakenBy = isCandidate ? null : await newerOccurrence(locked);
  const decision = decideRun({
    earlier,
    isShown: earlier?.status === 'published' && (await isShown(locked, earlier)),
    mayPublish: overtakenBy === null,
    resume: options.resume,
    oncePerOccurrence: options.oncePerOccurrence === true,
  });
  if (decision.kind === 'nothing')
    return { kind: 'done', result: await nothingToDo(locked, decision, overtakenBy) };
  // Ask before computing for hours, not after.
  if (overtakenBy === null && !isCandidate) {
    const prepared = prepareStore(store, lock, {
      folderOfJob: locked.folder,
      runId: decision.kind === 'new' ? null : decision.run.runId,
      count: options.spec.kv?.keepGenerations ?? 1,
    });
    // A store that does not answer is not waited for once the run is to end.
    await unlessAborted(prepared, options.drain);
  }
  switch (decision.kind) {
    case 'publish':
      return decision;
    case 'resume':
      return { kind: 'compute', plan: await continuedPlan(locked, decision.run), isNew: false, overtakenBy };
    case 'new': {
      const planned = await planAnew(locked, meter, earlier);
      if ('outcome' in planned) return { kind: 'done', result: planned };
      return { kind: 'compute', plan: planned, isNew: true, overtakenBy };
    }
  }
}

/** Throws the signal's reason as soon as it aborts; the work goes on until the workers that do it are closed. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => {});
  }
}

/** The run that this one continues, repeats or finds done. */
async function findEarlier(locked: LockedRun): Promise<RunSummary | undefined> {
  const { options, folder, identified, incremental, index } = locked;
  const { occurrence } = options.spec;
  if (options.oncePerOccurrence === true && occurrence !== null) {
    const settled = await findCommittedRun(folder, occurrence, options.effects.clock);
    if (settled !== undefined) return settled;
  }
  if (incremental !== null) return incremental.earlier ?? (await lostRun(locked, incremental));
  return findRunByIdentity(folder, index, identified.identity, (run) => isEarlier(options, run));
}

/** The published run, where the store does not show it: it is loaded again, and what is new is for the next run. */
async function lostRun(locked: LockedRun, { last, link }: IncrementalStart): Promise<RunSummary | undefined> {
  if (locked.options.publish === 'never') return undefined;
  if (locked.store === null || link.full || last?.summary.status !== 'published') return undefined;
  if (last.summary.record?.kv == null || (await isShown(locked, last.summary))) return undefined;
  return last.summary;
}

/** The newer occurrence that readers see, where that keeps this one from being published; else null. */
export async function newerOccurrence({
  options,
  folder,
}: Pick<LockedRun, 'options' | 'folder'>): Promise<string | null> {
  const { publish = 'always', spec, effects } = options;
  if (publish === 'always' || spec.occurrence === null) return null;
  return newerPublished(folder, spec.occurrence, effects.clock);
}

/**
 * A store that was emptied or restored does not show what the output folder says: it is loaded again. So is a
 * single file that somebody deleted written again.
 */
async function isShown({ options, store }: LockedRun, { runId }: RunSummary): Promise<boolean> {
  if (!(await hasFile(options.spec))) return false;
  return store === null || (await store.current()) === runId;
}

async function nothingToDo(
  { folder, options }: LockedRun,
  { run, why }: Extract<RunDecision, { kind: 'nothing' }>,
  overtakenBy: string | null,
): Promise<RanJob> {
  const { record, status, runId, canaryShare } = run;
  if (record === undefined)
    throw new ServeBatchError(
      'INTERNAL',
      `The manifest of the committed run ${runId} is damaged. Run again with --force.`,
    );
  if (canaryShare !== null)
    options.effects.log.info(
      `run ${runId} is the canary: promote it with "serve-batch promote ${run.job}", or end it with "serve-batch rollback ${run.job}"`,
    );
  const paths = runPaths(folder, runId);
  await checkParts(paths, record.output.parts);
  // Where the process that published it was killed.
  await clearWorkFiles(paths);
  await clearTemporaryFiles(paths);
  return {
    outcome: why === 'rolled back' ? 'rolled back' : 'up to date',
    record: { ...record, status },
    overtakenBy: why === 'overtaken' ? overtakenBy : null,
    publishError: null,
  };
}

async function continuedPlan(locked: LockedRun, { runId }: RunSummary): Promise<Plan> {
  const { folder, lock, runLog } = locked;
  await lock.setRun(runId);
  await runLog.resume(runPaths(folder, runId).log);
  return readPlan(runPaths(folder, runId).plan);
}

async function planAnew(locked: LockedRun, meter: RunMeter, same: RunSummary | undefined) {
  await leaveUnfinished(locked, same);
  const runId = newRunId(meter.startedAt);
  await locked.lock.setRun(runId);
  const paths = runPaths(locked.folder, runId);
  if (locked.options.publish === 'never') await markCandidate(paths, { at: meter.startedAt });
  locked.runLog.begin(paths.log);
  const planned = await planNewRun({ ...locked, runId, startedAt: meter.startedAt });
  if ('outcome' in planned) return planned;
  meter.extraSeconds.read = planned.stagingSeconds;
  return planned.plan;
}

/**
 * A run that cannot be continued is said to be left behind: the user may have expected otherwise. One without a plan
 * will never be: the copy of its input, as far as it came, would only fill the disk.
 */
async function leaveUnfinished({ folder, options }: LockedRun, same: RunSummary | undefined): Promise<void> {
  const { clock, log } = options.effects;
  const [newest] = await listRuns(folder, clock, { limit: 1 });
  // This process holds the lock: a run that seems to be going on was interrupted.
  if (newest === undefined || !['failed', 'interrupted', 'running'].includes(newest.status)) return;
  log.info(`run ${newest.runId} did not finish and is not continued: ${reasonToLeave(newest, same)}`);
  if (newest.plan !== undefined) return;
  const paths = runPaths(folder, newest.runId);
  await clearWorkFiles(paths);
  await clearTemporaryFiles(paths);
}

function reasonToLeave({ plan }: RunSummary, same: RunSummary | undefined): string {
  if (same !== undefined) return 'as asked';
  return plan === undefined
    ? 'it ended before its plan was written'
    : 'it was planned for another input, model or job file';
}
