import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildPool } from '../children/child-pool.ts';
import { bindAgain } from '../config/bind-job.ts';
import type { JobSpec } from '../config/job-spec.ts';
import type { Effects } from '../core/effects.ts';
import type { DraftPlan } from '../core/plan.ts';
import { assertDevicePossible } from '../inference/devices/device-errors.ts';
import { surroundings } from '../inference/devices/surroundings.ts';
import { newRunId } from '../runs/run-id.ts';
import { knownBatchSize } from '../tuning/settle-batch-size.ts';
import { identifyRun } from './identify-run.ts';
import { type IncrementalStart, startIncremental } from './incremental-start.ts';
import { folderOfJob, storeUrlOf } from './locations.ts';
import { memoryLimitOf } from './memory-limit.ts';
import { type NothingNew, nothingNew } from './nothing-new.ts';
import { processesOf } from './processes.ts';
import { spoolStandardInput } from './spool-input.ts';
import { hasNoRows, takeNew } from './take-new.ts';

export type PlanJobResult = DraftPlan | NothingNew;

/**
 * What a run would do. Writes nothing: the typed copy of a text input goes to a folder that is deleted again.
 * Measures nothing either: a batch size that the run would measure is `auto`.
 */
export async function planOnly(options: {
  readonly spec: JobSpec;
  readonly effects: Effects;
  readonly signal: AbortSignal;
  /** Read where an input path is `-`. */
  readonly stdin?: NodeJS.ReadableStream;
  /** A child that was started beforehand, to save time. It is ended with the call. */
  readonly pool?: ChildPool;
  /** Of an input that grows: everything, whatever was taken before. */
  readonly full?: boolean;
}): Promise<PlanJobResult> {
  const { effects, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-plan-'));
  const pool = options.pool ?? new ChildPool({ size: 1, signal });
  const now = effects.clock.now();
  let start: IncrementalStart | null = null;
  try {
    const spec = await spoolStandardInput(bindAgain(options.spec, effects.clock), folder, options);
    const found = await identifyRun(spec);
    await assertDevicePossible(spec.execution.device, spec.model.path, surroundings());
    start = await startIncremental({
      ...{ spec, identified: found, folderOfJob: folderOfJob(spec), effects },
      full: options.full === true,
    });
    const paths = {
      stagedPath: join(folder, 'input.parquet'),
      stagingRejectsPath: join(folder, 'rejects.parquet'),
    };
    const child = {
      temporaryFolder: folder,
      memoryLimit: memoryLimitOf(spec),
      threads: processesOf(spec),
    };
    const unorderedPath = join(folder, 'unordered.parquet');
    const taken = await takeNew({ start, spec, pool, ...paths, unorderedPath, child, log: effects.log });
    if (taken === null && start !== null) return nothingNew(spec.name, start);
    const draft = await pool.run('plan', {
      plan: {
        runId: newRunId(now),
        createdAt: now.toISOString(),
        spec,
        ...(start?.identified ?? found),
        storeUrl: storeUrlOf(spec),
        ...paths,
        ...(taken ?? { incremental: null, taken: null }),
      },
      ...child,
    });
    return { ...draft, batchSize: await knownBatchSize(draft, folderOfJob(spec)) };
  } catch (error) {
    if (start !== null && hasNoRows(error, start)) return nothingNew(options.spec.name, start);
    throw error;
  } finally {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  }
}
