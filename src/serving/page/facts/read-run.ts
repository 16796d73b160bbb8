import type { Clock } from '../../../core/effects.ts';
import { ServeBatchError } from '../../../core/errors.ts';
import type { Plan } from '../../../core/plan.ts';
import { pathExists, readJsonIfValid } from '../../../runs/json-file.ts';
import { runPaths } from '../../../runs/layout.ts';
import { listRuns } from '../../../runs/list/run-list.ts';
import { type RunSummary, readJobState, readRunSummary } from '../../../runs/list/run-summary.ts';
import { showJob } from '../../../runs/mirror/show-job.ts';
import { planSchema } from '../../../runs/plan/plan-schema.ts';
import { readShardRecords, type ShardRecord } from '../../../runs/record/shard-record.ts';
import { isRunId } from '../../../runs/run-id.ts';
import { RunFollower, type RunProgress } from './run-follower.ts';

/** A run, without a look into its parts. */
export interface RunFacts {
  readonly summary: RunSummary;
  readonly plan: Plan | null;
  readonly folder: string;
  readonly shards: readonly ShardRecord[];
  /** Whether there are more shards than are read for a page. */
  readonly hasTooMany: boolean;
  readonly progress: RunProgress;
}

/** Each has a file. The report reads them all, in a process of its own. */
const MOST_SHARDS = 1_000;

/** Throws `NOT_FOUND` where there is no such run. */
export async function readRun(folderOfJob: string, runId: string, clock: Clock): Promise<RunFacts> {
  const paths = runPaths(folderOfJob, runId);
  await assertRun(folderOfJob, runId);
  const plan = (await readJsonIfValid(paths.plan, planSchema)) ?? null;
  const hasTooMany = (plan?.shards.length ?? 0) > MOST_SHARDS;
  const shards = plan === null || hasTooMany ? [] : [...(await readShardRecords(paths, plan)).values()];
  return {
    summary: await readSummary(folderOfJob, runId, clock),
    plan,
    folder: paths.folder,
    shards,
    hasTooMany,
    progress: await new RunFollower(folderOfJob, runId, clock).look(),
  };
}

/** Throws `NOT_FOUND` where there is no such run. */
export async function assertRun(folderOfJob: string, runId: string): Promise<void> {
  await showJob(folderOfJob);
  if (isRunId(runId) && (await pathExists(runPaths(folderOfJob, runId).folder))) return;
  throw new ServeBatchError('NOT_FOUND', 'There is no such run of this job, or it was deleted.', {
    fields: { field: 'run' },
  });
}

/** The list knows more of the newest run: whether a process that has not said what it does works on it. */
async function readSummary(folderOfJob: string, runId: string, clock: Clock): Promise<RunSummary> {
  const [newest] = await listRuns(folderOfJob, clock, { limit: 1 });
  if (newest?.runId === runId) return newest;
  return readRunSummary(runPaths(folderOfJob, runId), await readJobState(folderOfJob, clock));
}
