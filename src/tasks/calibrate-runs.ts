import { type Calibration, calibrate, type EarlierRun } from '../accuracy/calibrate.ts';
import { fetchContents, obtain } from '../core/files/mirror.ts';
import type { RunPaths } from '../runs/layout.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { showShards } from '../runs/record/shard-record.ts';
import type { Database } from '../source/duckdb/database.ts';
import type { CalibrateTask } from './tasks.ts';

/** Bounds for the predictions of a run that is planned, from the errors of earlier ones. */
export async function calibrateRuns(
  database: Database,
  pathsOf: (runId: string) => RunPaths,
  { actuals, runs, ...request }: Omit<CalibrateTask, 'memoryLimit'>,
): Promise<Calibration> {
  const earlier: EarlierRun[] = [];
  for (const { runId, origin } of runs) {
    const paths = pathsOf(runId);
    await obtain(paths.plan);
    const plan = await readPlan(paths.plan).catch(() => null);
    if (plan === null) continue;
    const parts = plan.shards.map(({ index }) => paths.part(index));
    await showShards(paths);
    await fetchContents(parts);
    earlier.push({ plan, folder: paths.folder, parts, origin });
  }
  return calibrate(database, { ...request, spec: actuals, runs: earlier });
}
