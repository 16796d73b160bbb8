import type { IncrementalPlan } from '../../src/core/incremental.ts';
import { runPaths } from '../../src/runs/layout.ts';
import { writePlan } from '../../src/runs/plan/plan-file.ts';
import { markPublished, setCurrent } from '../../src/runs/publication.ts';
import { type RunRecord, writeManifest } from '../../src/runs/record/run-record.ts';
import { samplePlan, sampleRecord } from '../runs/sample-run.ts';

/** The id of a run at midnight of a day in November 2026. */
export function runOn(day: number): string {
  return `202611${String(day).padStart(2, '0')}T000000Z-aaaa`;
}

/** A run that was planned and no more. */
export async function plannedRun(
  folderOfJob: string,
  runId: string,
  incremental: IncrementalPlan | null = null,
  occurrence: string | null = null,
): Promise<void> {
  const plan = planOf(runId);
  const identity = { ...plan.identity, occurrence };
  await writePlan(runPaths(folderOfJob, runId), { ...plan, identity, incremental });
}

export async function committedRun(
  folderOfJob: string,
  runId: string,
  extra: Partial<RunRecord> = {},
  occurrence: string | null = null,
): Promise<RunRecord> {
  const record = { ...sampleRecord(planOf(runId)), ...extra };
  await plannedRun(folderOfJob, runId, extra.incremental, occurrence);
  await writeManifest(runPaths(folderOfJob, runId), record);
  return record;
}

/** Commits and publishes a run; each later call counts as a later publication. */
export async function publishedRun(
  folderOfJob: string,
  runId: string,
  occurrence: string | null = null,
): Promise<void> {
  await committedRun(folderOfJob, runId, {}, occurrence);
  const at = new Date(Date.parse(planOf(runId).createdAt) + 60_000);
  await markPublished(runPaths(folderOfJob, runId), { at, token: 1 });
  await setCurrent(folderOfJob, runId);
}

function planOf(runId: string) {
  return samplePlan({
    runId,
    createdAt: `2026-11-${runId.slice(6, 8)}T00:00:00.250Z`,
  });
}
