import { relative } from 'node:path';
import type { Effects } from '../../core/effects.ts';
import { failedGates } from '../../core/gates.ts';
import type { KvDuplicates, Plan } from '../../core/plan.ts';
import { inSpan } from '../../core/tracing.ts';
import { gateError } from '../../gates/gate-error.ts';
import type { ManagedStore } from '../../kv/store.ts';
import {
  dropGenerations,
  dropRefused,
  isRefusal,
  type KeptGenerations,
} from '../../publish/drop-generations.ts';
import { fenceOf, publishRun } from '../../publish/publish-run.ts';
import { type CanaryRequest, showCanary } from '../../publish/show-canary.ts';
import { readCanary } from '../../runs/candidates/canary-file.ts';
import { clearTemporaryFiles, clearWorkFiles } from '../../runs/clear-work-files.ts';
import type { RunPaths } from '../../runs/layout.ts';
import type { JobLock } from '../../runs/lock/lock.ts';
import { checkParts } from '../../runs/record/check-parts.ts';
import { type RunRecord, writeManifest } from '../../runs/record/run-record.ts';
import { assertSomethingScored } from '../../shard/rejects/reject-limit.ts';
import type { RunReference } from '../../tasks/tasks.ts';
import type { Workers } from '../../tasks/workers.ts';
import { coverageError, isBelow, MISSING_EXAMPLES } from './coverage.ts';
import { type KvCounts, loadGeneration, shardsOf } from './load-generation.ts';
import { sampleStore } from './sample-store.ts';

/** What must hold before a run is published; or why it is published all the same. */
export type PublishPolicy =
  | {
      readonly kind: 'checked';
      /** The least share of a grid that is published. */
      readonly coverageMin: number;
      readonly duplicates: KvDuplicates;
    }
  | { readonly kind: 'forced'; readonly reason: string }
  /** Readers saw it before: a rollback goes back to it. */
  | { readonly kind: 'seen' };

/** A committed run, and what is needed to bring it to its readers. */
export interface CommittedRun {
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly committed: RunRecord;
  readonly run: RunReference;
  readonly folderOfJob: string;
  readonly workers: Workers;
  readonly lock: JobLock;
  /** Null: the run has none. */
  readonly store: ManagedStore | null;
  /** Where the parts are joined into one file; null: they stay a folder. */
  readonly singleFile: string | null;
  /** What keeps a run from its readers. */
  readonly policy: PublishPolicy;
  readonly effects: Effects;
  /** It answers for a share of the keys, beside the published run. Left out: it becomes the published run. */
  readonly canary?: CanaryRequest;
  /** No load of the store begins once it is aborted; its reason is thrown. The run stays committed. */
  readonly drain?: AbortSignal;
}

/**
 * Asks a store for all that the run will ask of it, and keeps earlier holders of the lock out. First it drops
 * what nobody needs: a store that failed runs have filled would refuse the rest.
 */
export async function prepareStore(
  store: ManagedStore | null,
  lock: JobLock,
  kept: KeptGenerations,
): Promise<void> {
  if (store === null) return;
  await dropGenerations(store, lock, kept);
  await store.ping();
  await store.claim(fenceOf(lock));
}

/**
 * Brings a committed run to its readers: loads the store from what is not loaded yet, counts what it holds,
 * and makes the run the published one, or a canary beside it. Idempotent. The store is prepared.
 *
 * Throws `COVERAGE_TOO_LOW`, `GATE_FAILED`, `DUPLICATE_KEYS`, `NOTHING_SCORED`, `PART_DAMAGED` and `STORE_*`: the run stays
 * committed, and readers see what they saw before.
 *
 * @param recordOf what the manifest says once the run is published
 */
export function publishCommitted(
  request: CommittedRun,
  recordOf: (kv: KvCounts | null) => RunRecord,
): Promise<RunRecord> {
  const attributes = { 'serve_batch.job': request.plan.job, 'serve_batch.run_id': request.plan.runId };
  return inSpan({ name: 'publish', attributes }, () => bringToReaders(request, recordOf));
}

async function bringToReaders(
  request: CommittedRun,
  recordOf: (kv: KvCounts | null) => RunRecord,
): Promise<RunRecord> {
  const { paths, committed, lock, effects } = request;
  await assertCovered(request);
  assertGatesPassed(request);
  assertSomethingScored(committed);
  await checkParts(paths, committed.output.parts);
  const kv = await loadOrDrop(request);
  effects.progress.update({ stage: 'publish' });
  await flip(request);
  await warnOfLosses(request);
  const record = { ...recordOf(kv), ...forcedBy(request) };
  // Readers see it, whatever happens to the lock from here on.
  if (await lock.isHeld()) {
    await dropOld(request);
    await writeManifest(paths, record);
  } else effects.log.warn('another process took over the job just after this run was published');
  return record;
}

async function flip(request: CommittedRun): Promise<void> {
  const { canary, effects } = request;
  const shown = { ...request, clock: effects.clock };
  await sayCanaryEnds(request);
  if (canary !== undefined) return showCanary(shown, canary);
  await joinParts(request);
  await publishRun(shown, request.singleFile);
}

/** A canary stands beside one published run: with another one, it ends. */
async function sayCanaryEnds({ folderOfJob, plan, canary, effects }: CommittedRun): Promise<void> {
  const before = await readCanary(folderOfJob);
  if (before === undefined || before.runId === plan.runId || before.published === plan.runId) return;
  const by = canary === undefined ? 'is published' : 'is the canary now';
  effects.log.warn(`the canary of run ${before.runId} ends: run ${plan.runId} ${by}`, {
    canary: before.runId,
  });
}

async function loadOrDrop(request: CommittedRun): Promise<KvCounts | null> {
  const { store, lock, plan, effects } = request;
  try {
    return await loadGeneration(request);
  } catch (error) {
    if (store !== null && isRefusal(error)) await dropRefused(store, lock, plan.runId, effects.log);
    throw error;
  }
}

/** What a store that evicts keys has lost since it was counted. Whatever keeps from looking keeps the run from nothing. */
async function warnOfLosses(request: CommittedRun): Promise<void> {
  const { store, plan, effects } = request;
  if (store === null || !store.mayEvict) return;
  const shards = shardsOf(plan);
  const sample = await sampleStore(store, { ...request, shards }).catch(() => null);
  if (sample === null || sample.missing === 0) return;
  effects.log.warn(
    `${store.url} has lost ${sample.missing} of ${sample.looked} predictions that were looked for just after they were published: it evicts keys. Set maxmemory-policy to noeviction and raise maxmemory, then run: serve-batch publish ${plan.runId}`,
    { missing: sample.missing, looked: sample.looked },
  );
}

/** A failure is only logged: the new generation is published, and the next run tries again. */
async function dropOld({ store, plan, folderOfJob, lock, effects: { log } }: CommittedRun): Promise<void> {
  if (store === null || plan.kv === null) return;
  try {
    const kept = { folderOfJob, runId: plan.runId, count: plan.kv.keepGenerations };
    const generations = await dropGenerations(store, lock, kept);
    if (generations.length > 0) log.debug('dropped old generations', { generations });
  } catch (error) {
    log.warn('old generations could not be dropped; the next run tries again', { error: String(error) });
  }
}

/** As {@link publishCommitted}, for a run that an earlier process committed, and was perhaps killed then. */
export async function publishAgain(request: CommittedRun): Promise<RunRecord> {
  const { lock, paths } = request;
  await lock.setRun(paths.runId);
  await clearWorkFiles(paths);
  await clearTemporaryFiles(paths);
  try {
    return await publishCommitted(request, (kv) => publishedRecord(request, kv));
  } finally {
    // What a worker leaves that was killed while it loaded.
    if (await lock.isHeld()) await clearTemporaryFiles(paths).catch(() => {});
  }
}

function assertGatesPassed({ committed, policy }: CommittedRun): void {
  const { runId, gates = [] } = committed;
  if (policy.kind === 'checked' && failedGates(gates).length > 0) throw gateError(runId, gates);
}

/** The reason stays in the record for as long as nobody gives another one. */
function forcedBy({ policy, effects }: CommittedRun): Pick<RunRecord, 'forced'> {
  if (policy.kind !== 'forced') return {};
  return { forced: { reason: policy.reason, at: effects.clock.now().toISOString() } };
}

async function assertCovered({ committed, policy, workers, run }: CommittedRun): Promise<void> {
  const coverageMin = policy.kind === 'checked' ? policy.coverageMin : 0;
  if (!isBelow(committed, coverageMin)) return;
  const missing = await workers.runRetrying('read-missing', { ...run, limit: MISSING_EXAMPLES });
  throw coverageError(committed, coverageMin, missing);
}

async function joinParts({ singleFile, lock, workers, run, plan, folderOfJob }: CommittedRun): Promise<void> {
  if (singleFile === null) return;
  await lock.assertHeld();
  const target = relative(folderOfJob, singleFile);
  await workers.runRetrying('merge-parts', { ...run, shards: shardsOf(plan), target });
}

/** Of a run that was committed earlier: all but the store is as it was then. */
function publishedRecord({ committed, plan, canary }: CommittedRun, kv: KvCounts | null): RunRecord {
  const held =
    kv === null || plan.kv === null ? committed.kv : { url: plan.kv.url, generation: plan.runId, ...kv };
  return { ...committed, status: canary === undefined ? 'published' : committed.status, kv: held };
}
