import { rm } from 'node:fs/promises';
import type { Effects } from '../core/effects.ts';
import { EXIT, ServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { KvStore } from '../kv/store.ts';
import { clearWorkFiles } from '../runs/clear-work-files.ts';
import { findRunByIdentity } from '../runs/earlier-runs.ts';
import { type RunPaths, runPaths } from '../runs/layout.ts';
import type { JobLock } from '../runs/lock/lock.ts';
import { findCommittedRun, isNewerPublished } from '../runs/occurrence-runs.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import type { PlanIndex } from '../runs/plan-index.ts';
import { buildRunRecord, type RunOutcome } from '../runs/record/build-run-record.ts';
import { clearFailure, type RunRecord, writeFailure } from '../runs/record/run-record.ts';
import { readCommittedShards, type ShardRecord } from '../runs/record/shard-record.ts';
import { host, versions } from '../runs/record/versions.ts';
import { newRunId } from '../runs/run-id.ts';
import { listRuns } from '../runs/run-list.ts';
import { isCommitted } from '../runs/run-status.ts';
import type { RunSummary } from '../runs/run-summary.ts';
import type { Workers } from '../tasks/workers.ts';
import { rememberHalved } from '../tuning/remember-halved.ts';
import { coverageError, isBelow, MISSING_EXAMPLES } from './coverage.ts';
import { isOnWantedDevice, shardsAtOnce } from './device-of-run.ts';
import { isOnWantedEngine } from './engine-of-run.ts';
import { commitRun, type FinishRequest, type KvCounts, publishCommitted } from './finish-run.ts';
import type { IdentifiedRun } from './identify-run.ts';
import type { IncrementalStart } from './incremental-start.ts';
import { folderOfJob } from './locations.ts';
import { memoryLimitOf } from './memory-limit.ts';
import type { NothingNew } from './nothing-new.ts';
import { planNewRun } from './plan-new-run.ts';
import { publishedRecord } from './published-record.ts';
import { assertRejectsWithin, rejectsOf } from './reject-limit.ts';
import type { RanJob, RunJobOptions, RunJobOutcome, RunJobResult } from './run-job-options.ts';
import { runShards } from './run-shards.ts';
import { hasFile, singleFileOf } from './single-file.ts';
import { isTimeLimit } from './time-limit.ts';

export interface JobRunParts {
  readonly options: RunJobOptions;
  readonly identified: IdentifiedRun;
  /** Null: the job takes its whole input. */
  readonly incremental: IncrementalStart | null;
  readonly index: PlanIndex;
  readonly lock: JobLock;
  readonly workers: Workers;
  readonly store: KvStore | null;
  readonly storeUrl: string | null;
}

/**
 * One run of a job, with the lock held: finds what was done already, plans, computes the shards, commits
 * and publishes.
 */
export class JobRun {
  readonly #parts: JobRunParts;
  readonly #folder: string;
  readonly #effects: Effects;
  readonly #startedAt: Date;
  readonly #startMs: number;
  #firstRowSeconds: number | null = null;
  /** False: it is only committed, as options.publish says. */
  #isToPublish = true;
  /** Work outside the shards' records: the typed copy of a text input, and loading the store. */
  readonly #extraSeconds = { read: 0, stage: 0 };
  /** Rows that calls were halved to for want of the device's memory. */
  #callRows: number | null = null;

  constructor(parts: JobRunParts) {
    this.#parts = parts;
    this.#folder = folderOfJob(parts.options.spec);
    this.#effects = parts.options.effects;
    this.#startedAt = this.#effects.clock.now();
    this.#startMs = this.#effects.clock.monotonicMs();
  }

  async run(): Promise<RunJobResult> {
    const { options, store } = this.#parts;
    const earlier = options.force ? undefined : await this.#findEarlier();
    if (earlier !== undefined && (await this.#isDone(earlier))) return this.#nothingToDo(earlier);
    this.#isToPublish = await this.#mayPublish();
    if (!this.#isToPublish && earlier !== undefined && isCommitted(earlier.status))
      return this.#nothingToDo(earlier);
    // Ask before computing for hours, not after.
    if (this.#isToPublish) await store?.ping();
    if (earlier?.record !== undefined && isCommitted(earlier.status))
      return this.#publishEarlier(earlier.runId, earlier.record);
    const plan = await this.#planOrResume(earlier);
    return 'outcome' in plan ? plan : this.#execute(plan);
  }

  /** The run that this one continues, repeats or finds done. */
  async #findEarlier(): Promise<RunSummary | undefined> {
    const { options, identified, incremental, index } = this.#parts;
    const { occurrence } = options.spec;
    if (options.oncePerOccurrence === true && occurrence !== null) {
      const settled = await findCommittedRun(this.#folder, occurrence, this.#effects.clock);
      if (settled !== undefined) return settled;
    }
    if (incremental !== null) return incremental.earlier;
    return findRunByIdentity(
      this.#folder,
      index,
      identified.identity,
      (run) => isOnWantedDevice(run, options.spec) && isOnWantedEngine(run, options.spec),
    );
  }

  async #mayPublish(): Promise<boolean> {
    const { publish = 'always', spec } = this.#parts.options;
    if (publish === 'always' || spec.occurrence === null) return true;
    return !(await isNewerPublished(this.#folder, spec.occurrence, this.#effects.clock));
  }

  /**
   * A store that was emptied or restored does not show what the output folder says: it is loaded again. So is
   * a single file that somebody deleted written again.
   */
  async #isDone({ status, runId }: RunSummary): Promise<boolean> {
    if (status === 'rolled back') return true;
    if (status === 'superseded' && this.#parts.options.oncePerOccurrence === true) return true;
    const { store, options } = this.#parts;
    if (status !== 'published' || !(await hasFile(options.spec))) return false;
    return store === null || (await store.current()) === runId;
  }

  async #nothingToDo(earlier: RunSummary): Promise<RanJob> {
    if (earlier.record === undefined)
      throw new ServeBatchError(
        'INTERNAL',
        `The manifest of the published run ${earlier.runId} is damaged. Run again with --force.`,
      );
    // Where the process that published it was killed.
    await clearWorkFiles(this.#paths(earlier.runId));
    const outcome = earlier.status === 'rolled back' ? 'rolled back' : 'up to date';
    return { outcome, record: { ...earlier.record, status: earlier.status }, publishError: null };
  }

  async #planOrResume(earlier: RunSummary | undefined): Promise<Plan | NothingNew> {
    const { options, lock } = this.#parts;
    if (earlier?.plan !== undefined && options.resume) {
      await lock.setRun(earlier.runId);
      const plan = await readPlan(this.#paths(earlier.runId).plan);
      this.#effects.log.info('continuing an unfinished run', { runId: plan.runId });
      return plan;
    }
    await this.#mentionUnfinished(earlier);
    const runId = newRunId(this.#startedAt);
    await lock.setRun(runId);
    return this.#newPlan(runId);
  }

  /** A run that cannot be continued is said to be left behind: the user may have expected otherwise. */
  async #mentionUnfinished(same: RunSummary | undefined): Promise<void> {
    const [newest] = await listRuns(this.#folder, this.#effects.clock, { limit: 1 });
    // This process holds the lock: a run that seems to be going on was interrupted.
    if (newest === undefined || !['failed', 'interrupted', 'running'].includes(newest.status)) return;
    const why = same === undefined ? 'it is of another input, model or job file' : 'as asked';
    this.#effects.log.info(`run ${newest.runId} is unfinished and is not continued: ${why}`);
  }

  async #newPlan(runId: string): Promise<Plan | NothingNew> {
    const { identified, incremental, workers, storeUrl, options } = this.#parts;
    const planned = await planNewRun({
      ...{ runId, identified, incremental, workers, storeUrl, options },
      startedAt: this.#startedAt,
      folderOfJob: this.#folder,
      paths: this.#paths(runId),
    });
    if ('outcome' in planned) return planned;
    this.#extraSeconds.read = planned.stagingSeconds;
    return planned.plan;
  }

  async #execute(plan: Plan): Promise<RanJob> {
    const paths = this.#paths(plan.runId);
    const reused = await readCommittedShards(paths, plan, {
      verify: true,
      signal: this.#parts.options.signal,
    });
    const done = new Map<number, ShardRecord>(reused);
    try {
      await this.#computeShards(plan, done);
      await clearFailure(paths);
      return await this.#finish(plan, done, new Set(reused.keys()));
    } catch (error) {
      if (!this.#isAskedToEnd(error)) {
        const record = this.#record(plan, done.values(), new Set(reused.keys()), {
          status: 'failed',
          kv: null,
          error,
        });
        await writeFailure(paths, record).catch(() => {});
      }
      throw error;
    } finally {
      await rm(paths.temp, { recursive: true, force: true }).catch(() => {});
    }
  }

  /** Whether a signal ended the run: then it did not fail. */
  #isAskedToEnd(error: unknown): boolean {
    const { signal, drain } = this.#parts.options;
    return (signal.aborted && !isTimeLimit(signal)) || (drain?.aborted === true && error === drain.reason);
  }

  async #computeShards(plan: Plan, done: Map<number, ShardRecord>): Promise<void> {
    const { options, workers, storeUrl } = this.#parts;
    const { progress, log } = this.#effects;
    const rowsReused = [...done.values()].reduce((rows, { rowsIn }) => rows + rowsIn, 0);
    let rowsDone = 0;
    const report = (): void =>
      progress.update({
        stage: 'score',
        runId: plan.runId,
        rowsDone,
        shardsDone: done.size,
        rejects: rejectsOf(plan, done.values()),
      });
    progress.update({
      stage: 'score',
      rowsTotal: plan.input.rows,
      rowsReused,
      shardsTotal: plan.shards.length,
    });
    report();
    assertRejectsWithin(options.spec.onInvalid, plan, rejectsOf(plan, done.values()));
    await runShards({
      plan,
      run: this.#reference(plan),
      shards: plan.shards.filter(({ index }) => !done.has(index)),
      workers,
      processes: shardsAtOnce(options.spec, plan.device),
      retries: options.spec.execution.retries,
      loadStore: plan.kv !== null && this.#isToPublish && storeUrl !== null,
      signal: options.signal,
      ...(options.drain === undefined ? {} : { drain: options.drain }),
      log,
      onRows: (rows) => {
        this.#firstRowSeconds ??= this.#secondsSince(this.#startMs);
        rowsDone += rows;
        report();
      },
      onCallRows: async (callRows) => {
        if (callRows >= (this.#callRows ?? plan.batchSize)) return;
        this.#callRows = callRows;
        const { clock } = this.#effects;
        await rememberHalved(plan, callRows, { folderOfJob: this.#folder, now: () => clock.now(), log });
      },
      onLoads: (stageSeconds) => {
        this.#extraSeconds.stage += stageSeconds;
      },
      onShard: (record) => {
        done.set(record.index, record);
        report();
        assertRejectsWithin(options.spec.onInvalid, plan, rejectsOf(plan, done.values()));
      },
    });
  }

  async #finish(
    plan: Plan,
    shards: ReadonlyMap<number, ShardRecord>,
    reused: ReadonlySet<number>,
  ): Promise<RanJob> {
    const rowsOut = [...shards.values()].reduce((rows, record) => rows + record.rowsOut, 0);
    const request = this.#finishRequest(plan, rowsOut);
    const record = (status: RunRecord['status'], kv: KvCounts | null): RunRecord =>
      this.#record(plan, shards.values(), reused, { status, kv });
    this.#effects.progress.update({ stage: 'commit' });
    const committed = record('committed', null);
    await commitRun(request, committed);
    await clearWorkFiles(request.paths);
    if (!this.#isToPublish) return { outcome: 'computed', record: committed, publishError: null };
    const start = this.#effects.clock.monotonicMs();
    return this.#publish(request, 'computed', committed, (kv) => {
      if (kv !== null) this.#extraSeconds.stage += this.#secondsSince(start);
      return record('published', kv);
    });
  }

  /** A committed run that is not the published one: its parts are loaded and published, nothing is computed. */
  async #publishEarlier(runId: string, committed: RunRecord): Promise<RanJob> {
    await this.#parts.lock.setRun(runId);
    const plan = await readPlan(this.#paths(runId).plan);
    const request = this.#finishRequest(plan, committed.rowsOut);
    // Where the process that committed it was killed.
    await clearWorkFiles(request.paths);
    await rm(request.paths.temp, { recursive: true, force: true });
    return this.#publish(request, 'published', committed, (kv) => publishedRecord(committed, plan, kv));
  }

  async #publish(
    request: FinishRequest,
    outcome: RunJobOutcome,
    committed: RunRecord,
    published: (kv: KvCounts | null) => RunRecord,
  ): Promise<RanJob> {
    const refused = await this.#refusedForCoverage(request, committed);
    if (refused !== null) return { outcome, record: committed, publishError: refused };
    let kv: KvCounts | null;
    try {
      kv = await publishCommitted(request);
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return { outcome, record: { ...committed, status: 'committed' }, publishError: error };
    }
    const record = published(kv);
    await commitRun(request, record);
    return { outcome, record, publishError: null };
  }

  /** Why a run is not published though it is committed: too little of its grid has a prediction. */
  async #refusedForCoverage({ run }: FinishRequest, committed: RunRecord): Promise<ServeBatchError | null> {
    const { min } = this.#parts.options.spec.coverage;
    if (!isBelow(committed, min)) return null;
    const missing = await this.#parts.workers.runRetrying('read-missing', {
      ...run,
      limit: MISSING_EXAMPLES,
    });
    return coverageError(committed, min, missing);
  }

  #finishRequest(plan: Plan, rowsOut: number): FinishRequest {
    const { workers, lock, store, options } = this.#parts;
    return {
      plan,
      paths: this.#paths(plan.runId),
      run: this.#reference(plan),
      folderOfJob: this.#folder,
      workers,
      lock,
      store: plan.kv === null ? null : store,
      singleFile: singleFileOf(options.spec),
      rowsOut,
      effects: this.#effects,
      ...(options.drain === undefined ? {} : { drain: options.drain }),
    };
  }

  #record(
    plan: Plan,
    shards: Iterable<ShardRecord>,
    reusedShards: ReadonlySet<number>,
    outcome: Pick<RunOutcome, 'status' | 'kv' | 'error'>,
  ): RunRecord {
    const { options } = this.#parts;
    return buildRunRecord(plan, shards, {
      ...outcome,
      startedAt: this.#startedAt,
      finishedAt: this.#effects.clock.now(),
      durationSeconds: this.#secondsSince(this.#startMs),
      firstRowSeconds: this.#firstRowSeconds,
      extraSeconds: this.#extraSeconds,
      reusedShards,
      coverageMin: plan.input.grid === null ? null : this.#parts.options.spec.coverage.min,
      outputPath: singleFileOf(options.spec) ?? this.#paths(plan.runId).folder,
      versions: versions(),
      host: host(),
    });
  }

  #secondsSince(startMs: number): number {
    return (this.#effects.clock.monotonicMs() - startMs) / 1000;
  }

  #reference(plan: Plan): FinishRequest['run'] {
    return { runId: plan.runId, memoryLimit: memoryLimitOf(this.#parts.options.spec) };
  }

  #paths(runId: string): RunPaths {
    return runPaths(this.#folder, runId);
  }
}

function isStoreError(error: unknown): error is ServeBatchError {
  return error instanceof ServeBatchError && error.exitCode === EXIT.storeUnavailable;
}
