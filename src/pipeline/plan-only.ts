import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bindAgain } from '../config/bind-job.ts';
import type { JobSpec } from '../config/job-spec.ts';
import type { Effects } from '../core/effects.ts';
import type { DraftPlan } from '../core/plan.ts';
import { surroundings } from '../inference/surroundings.ts';
import { newRunId } from '../runs/run-id.ts';
import { ChildPool } from './child-pool.ts';
import { assertDevicePossible } from './device-errors.ts';
import { identifyRun } from './identify-run.ts';
import { folderOfJob, storeUrlOf } from './locations.ts';
import { memoryLimitOf } from './memory-limit.ts';
import { processesOf } from './processes.ts';
import { knownBatchSize } from './settle-batch-size.ts';
import { spoolStandardInput } from './spool-input.ts';

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
}): Promise<DraftPlan> {
  const { effects, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-plan-'));
  const pool = options.pool ?? new ChildPool({ size: 1, signal });
  const now = effects.clock.now();
  try {
    const spec = await spoolStandardInput(bindAgain(options.spec, effects.clock), folder, options);
    const identified = await identifyRun(spec);
    await assertDevicePossible(spec.execution.device, spec.model.path, surroundings());
    const draft = await pool.run('plan', {
      plan: {
        runId: newRunId(now),
        createdAt: now.toISOString(),
        spec,
        ...identified,
        storeUrl: storeUrlOf(spec),
        stagedPath: join(folder, 'input.parquet'),
        stagingRejectsPath: join(folder, 'rejects.parquet'),
      },
      temporaryFolder: folder,
      memoryLimit: memoryLimitOf(spec),
      threads: processesOf(spec),
    });
    return { ...draft, batchSize: await knownBatchSize(draft, folderOfJob(spec)) };
  } finally {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  }
}
