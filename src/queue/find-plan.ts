import { dirname, join } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { pathExists } from '../runs/json-file.ts';
import { jobFolder, runPaths } from '../runs/layout.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { assertPlannedHere } from '../runs/record/versions.ts';
import type { ShardJob } from './shard-job.ts';

/** Where a run that was handed out lies on this machine. */
export interface FoundPlan {
  readonly folderOfJob: string;
  readonly plan: Plan;
}

/**
 * The plan of a shard: below the worker's own output folder, or where the other machine has it. Throws
 * `NOT_FOUND` where this machine does not see it, and `VERSION_MISMATCH`.
 */
export async function findPlan(
  { planFile, job, runId }: ShardJob,
  output: string | null,
): Promise<FoundPlan> {
  const given = dirname(dirname(dirname(planFile)));
  const folderOfJob = output === null ? given : jobFolder(output, job);
  const { plan: file } = runPaths(folderOfJob, runId);
  if (!(await pathExists(file)))
    throw new ServeBatchError(
      'NOT_FOUND',
      `This machine does not see ${file}. Mount the output folder under the same path, or say with --output where it lies here.`,
      { fields: { file } },
    );
  const plan = await readPlan(file);
  assertPlannedHere(plan);
  return { folderOfJob, plan };
}

/** Whether the run was deleted: its job is there, and it is not. */
export async function isGone({ planFile, job, runId }: ShardJob, output: string | null): Promise<boolean> {
  const folder = output === null ? dirname(dirname(dirname(planFile))) : jobFolder(output, job);
  return (await pathExists(join(folder, 'runs'))) && !(await pathExists(runPaths(folder, runId).folder));
}
