import { dirname, join } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import { listAnew, obtain, publicPath } from '../core/files/mirror.ts';
import { pathExists } from '../runs/json-file.ts';
import { jobFolder, runPaths } from '../runs/layout.ts';
import { shownPlan } from '../runs/mirror/local-plan.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { assertPlannedHere } from '../runs/record/versions.ts';
import type { ShardJob } from './shard-job.ts';

/** Where a run that was handed out lies on this machine. */
export interface FoundRun {
  readonly folderOfJob: string;
}

/**
 * Finds the runs of shards: below the worker's own output folder, or where the other machine has them. A plan
 * never changes, and one of 10,000 shards takes a while to read: the last one is not read again.
 */
export class PlanFinder {
  readonly #output: string | null;
  #last: { readonly file: string; readonly found: FoundRun } | null = null;

  constructor(output: string | null) {
    this.#output = output;
  }

  /** Throws `NOT_FOUND` where this machine does not see the plan, and `VERSION_MISMATCH`. */
  async find(shard: ShardJob): Promise<FoundRun> {
    const folderOfJob = folderOf(shard, this.#output);
    const { plan: file } = runPaths(folderOfJob, shard.runId);
    if (this.#last?.file === file) return this.#last.found;
    await obtain(file);
    if (!(await pathExists(file)))
      throw new ServeBatchError(
        'NOT_FOUND',
        `This machine does not see ${publicPath(file)}. Mount the output folder under the same path, or say with --output where it lies here.`,
        { fields: { file: publicPath(file) } },
      );
    assertPlannedHere(await readPlan(file));
    this.#last = { file, found: { folderOfJob } };
    return this.#last.found;
  }
}

function folderOf({ planFile, job }: ShardJob, output: string | null): string {
  return output === null ? dirname(dirname(dirname(shownPlan(planFile)))) : jobFolder(output, job);
}

/** Whether the run was deleted: its job is there, and it is not. */
export async function isGone(shard: ShardJob, output: string | null): Promise<boolean> {
  const folder = folderOf(shard, output);
  await listAnew(join(folder, 'runs'));
  return (
    (await pathExists(join(folder, 'runs'))) && !(await pathExists(runPaths(folder, shard.runId).folder))
  );
}
