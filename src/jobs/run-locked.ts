import { type ErrorCode, EXIT, ServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { clearWorkFiles } from '../runs/clear-work-files.ts';
import { findRunByIdentity } from '../runs/earlier-runs.ts';
import { runPaths } from '../runs/layout.ts';
import { findCommittedRun, newerPublished } from '../runs/occurrence-runs.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { checkParts } from '../runs/record/check-parts.ts';
import type { RunRecord } from '../runs/record/run-record.ts';
import { newRunId } from '../runs/run-id.ts';
import { listRuns } from '../runs/run-list.ts';
import type { RunSummary } from '../runs/run-summary.ts';
import { computeRun } from './compute-run.ts';
import { decideRun, type RunDecision } from './decide-run.ts';
import { isOnWantedDevice } from './device-of-run.ts';
import { isOnWantedEngine } from './engine-of-run.ts';
import { memoryLimitOf } from './limits/memory-limit.ts';
import type { LockedRun } from './locked-run.ts';
import { planNewRun } from './plan-new-run.ts';
import {
  type CommittedRun,
  prepareStore,
  publishAgain,
  publishCommitted,
} from './publish/publish-committed.ts';
import type { RanJob, RunJobResult } from './run-job-options.ts';
import { RunMeter } from './run-meter.ts';
import { hasFile, singleFileOf } from './single-file.ts';

/** One run of a job, with the lock held: looks at what was done already, decides, and does what is left. */
export async function runLocked(locked: LockedRun): Promise<RunJobResult> {
  const { options, store, lock } = locked;
  const meter = new RunMeter(options.effects.clock);
  const earlier = options.force ? undefined : await findEarlier(locked);
  const overtakenBy = await newerOccurrence(locked);
  const decision = decideRun({
    earlier,
    isShown: earlier?.status === 'published' && (await isShown(locked, earlier)),
    mayPublish: overtakenBy === null,
    resume: options.resume,
    oncePerOccurrence: options.oncePerOccurrence === true,
  });
  if (decision.kind === 'nothing') return nothingToDo(locked, decision, overtakenBy);
  // Ask before computing for hours, not after.
  if (overtakenBy === null)
    await prepareStore(store, lock, {
      folderOfJob: locked.folder,
      runId: decision.kind === 'new' ? null : decision.run.runId,
      count: options.spec.kv?.keepGenerations ?? 1,
    });
  switch (decision.kind) {
    case 'publish':
      return publishEarlierRun(locked, decision.run);
    case 'resume':
      return compute(locked, await continuedPlan(locked, decision.run), meter, overtakenBy);
    case 'new': {
      const planned = await planAnew(locked, meter, earlier);
      return 'outcome' in planned ? planned : compute(locked, planned, meter, overtakenBy);
    }
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
  if (incremental !== null) return incremental.earlier;
  const isWanted = (run: RunSummary): boolean =>
    isOnWantedDevice(run, options.spec) && isOnWantedEngine(run, options.spec);
  return findRunByIdentity(folder, index, identified.identity, isWanted);
}

/** The newer occurrence that readers see, where that keeps this one from being published; else null. */
async function newerOccurrence({ options, folder }: LockedRun): Promise<string | null> {
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
  { folder }: LockedRun,
  { run, why }: Extract<RunDecision, { kind: 'nothing' }>,
  overtakenBy: string | null,
): Promise<RanJob> {
  const { record, status, runId } = run;
  if (record === undefined)
    throw new ServeBatchError(
      'INTERNAL',
      `The manifest of the committed run ${runId} is damaged. Run again with --force.`,
    );
  const paths = runPaths(folder, runId);
  await checkParts(paths, record.output.parts);
  // Where the process that published it was killed.
  await clearWorkFiles(paths);
  return {
    outcome: why === 'rolled back' ? 'rolled back' : 'up to date',
    record: { ...record, status },
    overtakenBy: why === 'overtaken' ? overtakenBy : null,
    publishError: null,
  };
}

async function publishEarlierRun(locked: LockedRun, { runId, record }: RunSummary): Promise<RanJob> {
  if (record === undefined) throw new TypeError('Only a run with a manifest is published');
  const plan = await readPlan(runPaths(locked.folder, runId).plan);
  return publishing('published', record, () => publishAgain(committedRun(locked, plan, record)));
}

async function continuedPlan({ folder, lock }: LockedRun, { runId }: RunSummary): Promise<Plan> {
  await lock.setRun(runId);
  return readPlan(runPaths(folder, runId).plan);
}

async function planAnew(locked: LockedRun, meter: RunMeter, same: RunSummary | undefined) {
  await mentionUnfinished(locked, same);
  const runId = newRunId(meter.startedAt);
  await locked.lock.setRun(runId);
  const planned = await planNewRun({ ...locked, runId, startedAt: meter.startedAt });
  if ('outcome' in planned) return planned;
  meter.extraSeconds.read = planned.stagingSeconds;
  return planned.plan;
}

/** A run that cannot be continued is said to be left behind: the user may have expected otherwise. */
async function mentionUnfinished(
  { folder, options }: LockedRun,
  same: RunSummary | undefined,
): Promise<void> {
  const { clock, log } = options.effects;
  const [newest] = await listRuns(folder, clock, { limit: 1 });
  // This process holds the lock: a run that seems to be going on was interrupted.
  if (newest === undefined || !['failed', 'interrupted', 'running'].includes(newest.status)) return;
  const why = same === undefined ? 'it is of another input, model or job file' : 'as asked';
  log.info(`run ${newest.runId} did not finish and is not continued: ${why}`);
}

function compute(
  locked: LockedRun,
  plan: Plan,
  meter: RunMeter,
  overtakenBy: string | null,
): Promise<RanJob> {
  const { clock } = locked.options.effects;
  const loadStore = plan.kv !== null && locked.storeUrl !== null && overtakenBy === null;
  return computeRun({ locked, plan, meter, loadStore }, async (committed, describe) => {
    await clearWorkFiles(runPaths(locked.folder, plan.runId));
    if (overtakenBy !== null)
      return { outcome: 'computed', record: committed, overtakenBy, publishError: null };
    const startMs = clock.monotonicMs();
    return publishing('computed', committed, () =>
      publishCommitted(committedRun(locked, plan, committed), (kv) => {
        if (kv !== null) meter.extraSeconds.stage += (clock.monotonicMs() - startMs) / 1000;
        return describe({ status: 'published', kv });
      }),
    );
  });
}

/** A run that is committed has not failed where only its store or its coverage keeps it from its readers. */
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

/** Of a grid: what is wrong with it does not make the run a failed one. */
const KEPT_BACK: ReadonlySet<ErrorCode> = new Set(['COVERAGE_TOO_LOW', 'NOTHING_SCORED']);

function keepsBack(error: unknown): error is ServeBatchError {
  if (!(error instanceof ServeBatchError)) return false;
  return KEPT_BACK.has(error.code) || error.exitCode === EXIT.storeUnavailable;
}

function committedRun(locked: LockedRun, plan: Plan, committed: RunRecord): CommittedRun {
  const { options, folder, workers, lock, store } = locked;
  const { spec, effects, drain } = options;
  return {
    ...{ plan, committed, workers, lock, effects, folderOfJob: folder },
    paths: runPaths(folder, plan.runId),
    run: { runId: plan.runId, memoryLimit: memoryLimitOf(spec) },
    store: plan.kv === null ? null : store,
    singleFile: singleFileOf(spec),
    coverageMin: spec.coverage.min,
    ...(drain === undefined ? {} : { drain }),
  };
}
