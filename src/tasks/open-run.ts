import { obtain } from '../core/files/mirror.ts';
import type { Plan } from '../core/plan.ts';
import type { RunPaths } from '../runs/layout.ts';
import type { Database } from '../source/duckdb/database.ts';
import { reachOfPlan } from './job-reach.ts';
import type { RunReference } from './tasks.ts';
import type { WorkerState } from './worker-state.ts';

export interface OpenRun {
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly database: Database;
}

/** A run of the job, and the database that may touch what it may. */
export async function openRun(state: WorkerState, { runId, memoryLimit }: RunReference): Promise<OpenRun> {
  const plan = await state.plan(runId);
  const paths = state.paths(runId);
  if (plan.input.staged) for (const { path } of plan.input.files) await obtain(path);
  if (plan.input.places !== null) await obtain(plan.input.places);
  return { plan, paths, database: await state.database(paths.temp, memoryLimit, reachOfPlan(plan, paths)) };
}
