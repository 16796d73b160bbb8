import { type ActualsCounts, fillActuals, openActuals } from '../accuracy/actuals-tables.ts';
import { scoreColumns } from '../accuracy/score-columns.ts';
import { type ScoreOutcome, scoreRun } from '../accuracy/score-run.ts';
import { type SerializedError, ServeBatchError, serializeError } from '../core/errors.ts';
import { fetchContents } from '../core/files/mirror.ts';
import type { RunPaths } from '../runs/layout.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { showShards } from '../runs/record/shard-record.ts';
import type { Database } from '../source/duckdb/database.ts';
import type { ScoreRunsTask } from './tasks.ts';

/** What became of one run; `failed` where it alone cannot be scored. */
export type ScoredRun = { readonly runId: string } & (
  | ScoreOutcome
  | { readonly kind: 'failed'; readonly error: SerializedError }
);

/** Scores runs by the same actuals, which are read once for all runs with the same key. Throws where none can be. */
export async function scoreRuns(
  database: Database,
  pathsOf: (runId: string) => RunPaths,
  { actuals, tables, externalAccess, runs }: Omit<ScoreRunsTask, 'memoryLimit'>,
  now: () => Date,
): Promise<readonly ScoredRun[]> {
  const folders = runs.map(({ runId }) => pathsOf(runId).folder);
  await openActuals(database, { spec: actuals, tables, externalAccess, folders });
  let filled: Filled = { key: null, counts: { rows: 0, unusable: 0 } };
  const scored: ScoredRun[] = [];
  for (const { runId, ...about } of runs) {
    try {
      const paths = pathsOf(runId);
      const plan = await readPlan(paths.plan);
      const columns = scoreColumns(actuals, plan);
      const parts = plan.shards.map(({ index }) => paths.part(index));
      await showShards(paths);
      await fetchContents(parts);
      const key = JSON.stringify([columns.series, columns.date]);
      if (filled.key !== key) filled = { key, counts: await fillActuals(database, actuals, columns) };
      const outcome = await scoreRun(database, {
        ...{ runId, ...about, columns, now, spec: actuals, actuals: filled.counts },
        folder: paths.accuracy,
        parts,
        mayRepeat: plan.kv?.duplicates !== 'error',
        delayDays: actuals.delayDays,
      });
      scored.push({ runId, ...outcome });
    } catch (error) {
      // The job may have had other columns once: the other runs are scored all the same.
      if (!isOfOneRun(error)) throw error;
      scored.push({ runId, kind: 'failed', error: serializeError(error) });
    }
  }
  return scored;
}

/** For which columns the actuals are there. */
interface Filled {
  readonly key: string | null;
  readonly counts: ActualsCounts;
}

function isOfOneRun(error: unknown): boolean {
  return !(error instanceof ServeBatchError) || error.code !== 'DUPLICATE_ACTUALS';
}
