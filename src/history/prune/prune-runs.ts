import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../core/effects.ts';
import { makeFolder, removeFolder, syncPath } from '../../core/files/durable-file.ts';
import { sharedMirrorOf } from '../../core/files/mirror.ts';
import { runsOfGeneration } from '../../jobs/publish/runs-below.ts';
import type { ManagedStore } from '../../kv/store.ts';
import { dropGenerations, unneededGenerations } from '../../publish/drop-generations.ts';
import { readCanary } from '../../runs/candidates/canary-file.ts';
import { type RunPaths, runPaths, trashFolder } from '../../runs/layout.ts';
import { previousPublished } from '../../runs/list/published-runs.ts';
import { listRunIds } from '../../runs/list/run-folders.ts';
import { readJobState, readRunSummary } from '../../runs/list/run-summary.ts';
import type { JobLock } from '../../runs/lock/lock.ts';
import { underLock } from '../../runs/lock/under-lock.ts';
import { settleOccurrence } from '../../runs/occurrence/settle-occurrence.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { readCurrent } from '../../runs/publication.ts';
import { runIdTime } from '../../runs/run-id.ts';
import { lastOfChain } from '../incremental-chain.ts';
import { folderBytes } from './folder-bytes.ts';
import { deleteOccurrenceFiles, oldOccurrenceFiles } from './prune-occurrences.ts';
import { type PruneRule, planPrune } from './prune-plan.ts';

export interface PruneRequest {
  readonly folderOfJob: string;
  readonly rule: PruneRule;
  /** Only says what would go. It takes no lock. */
  readonly dryRun: boolean;
  /** Drops from it, too, what neither readers nor a rollback need; null: leaves stores alone. */
  readonly store: ManagedStore | null;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface PrunedRun {
  readonly runId: string;
  readonly bytes: number;
}

export interface PruneResult {
  /** Oldest first. */
  readonly pruned: readonly PrunedRun[];
  /** How many runs are left. */
  readonly kept: number;
  /** Files of occurrences that no scheduler looks at any more. */
  readonly occurrenceFiles: number;
  /** Of the runs, and of what an earlier prune that was killed had left. */
  readonly bytes: number;
  /** What was dropped from the store. */
  readonly generations: readonly string[];
}

/**
 * Deletes old runs of one job. A folder is renamed into the trash before it is deleted, so that a run is
 * there or not, whenever the process is killed; the next prune empties the trash. Throws `LOCKED` where
 * the job is running.
 */
export async function pruneRuns(request: PruneRequest): Promise<PruneResult> {
  if (request.dryRun) return prune(request, null);
  return underLock(request.folderOfJob, request, (lock) => prune(request, lock));
}

async function prune(request: PruneRequest, lock: JobLock | null): Promise<PruneResult> {
  const { folderOfJob, rule, signal, clock } = request;
  const trash = trashFolder(folderOfJob);
  const runIds = await listRunIds(folderOfJob);
  const current = await readCurrent(folderOfJob);
  const doomed = planPrune({ runIds, current, spared: await sparedRuns(folderOfJob, current, clock) }, rule);
  let bytes = await folderBytes(trash);
  const pruned: PrunedRun[] = [];
  const state = await readJobState(folderOfJob, clock);
  if (lock !== null) await rm(trash, { recursive: true, force: true });
  for (const runId of doomed) {
    signal.throwIfAborted();
    const paths = runPaths(folderOfJob, runId);
    const run = { runId, bytes: await folderBytes(paths.folder) };
    if (lock !== null) {
      await lock.assertHeld();
      // The record first: a kill in between leaves a run that is deleted by the next prune.
      await settleOccurrence(folderOfJob, await readRunSummary(paths, state), clock);
      await deleteRun(paths, trash);
    }
    pruned.push(run);
    bytes += run.bytes;
  }
  if (lock !== null) await rm(trash, { recursive: true, force: true });
  const generations = await pruneStore(request, current, lock);
  const kept = runIds.filter((runId) => !doomed.includes(runId));
  const occurrenceFiles = await pruneOccurrences(request, kept, lock);
  return { pruned, kept: kept.length, occurrenceFiles, bytes, generations };
}

/** What is older than all runs that are kept, or than the rule says, as far as no scheduler looks at it. */
async function pruneOccurrences(
  { folderOfJob, rule, clock }: PruneRequest,
  kept: readonly string[],
  lock: JobLock | null,
): Promise<number> {
  const before = rule.olderThan ?? new Date(runIdTime(kept.at(-1) ?? '') ?? 0);
  const old = await oldOccurrenceFiles({ folderOfJob, before, keptRuns: new Set(kept), now: clock.now() });
  if (lock === null) return old.length;
  await lock.assertHeld();
  await deleteOccurrenceFiles(folderOfJob, old);
  return old.length;
}

/** Keeps as many generations as the published run says (`kv.keep`). Without a lock it only says which would go. */
async function pruneStore(
  { store, folderOfJob }: PruneRequest,
  current: string | undefined,
  lock: JobLock | null,
): Promise<readonly string[]> {
  if (store === null) return [];
  const plan = current === undefined ? null : await readPlan(runPaths(folderOfJob, current).plan);
  const kept = { folderOfJob, runId: null, count: plan?.kv?.keepGenerations ?? 1 };
  return lock === null ? unneededGenerations(store, kept) : dropGenerations(store, lock, kept);
}

/**
 * What readers see, the canary included, what a rollback would make them see, the runs whose predictions these hold in
 * a store, and the run that knows how far an input that grows
 * has been taken.
 */
async function sparedRuns(
  folderOfJob: string,
  current: string | undefined,
  clock: Clock,
): Promise<ReadonlySet<string>> {
  const previous = current === undefined ? undefined : await previousPublished(folderOfJob, current);
  const watermark = (await lastOfChain(folderOfJob))?.runId;
  const canary = (await readCanary(folderOfJob))?.runId;
  const shown = [current, previous, canary].filter((runId) => runId !== undefined);
  const held = await Promise.all(shown.map((runId) => runsOfGeneration(folderOfJob, runId, clock)));
  const spared = held.flat().map(({ runId }) => runId);
  return new Set([...shown, ...spared, ...(watermark === undefined ? [] : [watermark])]);
}

async function deleteRun(paths: RunPaths, trash: string): Promise<void> {
  // Nothing is renamed in a bucket: there what makes the run count goes first.
  if (sharedMirrorOf(paths.folder) !== undefined) return removeFolder(paths.folder);
  await makeFolder(trash);
  const away = join(trash, paths.runId);
  await rename(paths.folder, away);
  await syncPath(dirname(paths.folder));
  await rm(away, { recursive: true, force: true });
}
