import type { DevicePlan } from '../core/device.ts';
import type { IncrementalPlan } from '../core/incremental.ts';
import type { RunIdentity } from '../core/plan.ts';
import { pathExists, readJsonIfValid } from './json-file.ts';
import type { RunPaths } from './layout.ts';
import { planSchema } from './plan/plan-schema.ts';
import { type Publication, readPublication, wasRolledBack } from './publication.ts';
import type { RecordedError } from './record/recorded-error.ts';
import type { RunRecord } from './record/run-record.ts';
import { runRecordSchema } from './record/run-record-schema.ts';
import { runIdTime } from './run-id.ts';
import type { RunStatus } from './run-status.ts';

/** A run in the history. */
export interface RunSummary {
  readonly runId: string;
  readonly job: string;
  readonly status: RunStatus;
  /** The scheduled instant that it is for, ISO 8601 in UTC; null: none. */
  readonly occurrence: string | null;
  /** When it was planned, ISO 8601; where the plan is missing, to the second, from the id. */
  readonly createdAt: string;
  /** When it was last published, ISO 8601. */
  readonly publishedAt: string | undefined;
  /** Undefined where the run was killed before its plan was written, or the plan is damaged. */
  readonly plan: PlanSummary | undefined;
  /** The manifest; for a run that failed, what it had done by then. */
  readonly record: RunRecord | undefined;
  /** Why the last attempt failed: to compute it or, where it is committed, to publish it. */
  readonly failure: RecordedError | undefined;
}

export interface PlanSummary {
  readonly createdAt: string;
  readonly rows: number;
  readonly modelPath: string;
  readonly batchSize: number;
  readonly device: DevicePlan;
  readonly identity: RunIdentity;
  readonly incremental: IncrementalPlan | null;
}

/** What the status of a run depends on, besides its own folder. */
export interface JobState {
  readonly job: string;
  /** The published run. */
  readonly current: string | undefined;
  /** The run that a live process works on. */
  readonly running: string | undefined;
}

/** Reads one run's folder. Whatever is missing or damaged in it is left out: it never throws for that. */
export async function readRunSummary(paths: RunPaths, state: JobState): Promise<RunSummary> {
  const plan = await readPlanSummary(paths);
  const manifest = await readJsonIfValid(paths.manifest, runRecordSchema);
  const failed = await readJsonIfValid(paths.failure, runRecordSchema);
  const committed = manifest !== undefined || (await pathExists(paths.manifest));
  const publication = await readPublication(paths);
  const marks: RunMarks = {
    committed,
    published: publication !== undefined,
    rolledBack: await wasRolledBack(paths),
    failed: failed !== undefined,
  };
  return {
    runId: paths.runId,
    job: state.job,
    status: statusOf(paths.runId, marks, state),
    occurrence: (plan?.identity ?? manifest?.identity ?? failed?.identity)?.occurrence ?? null,
    createdAt: plan?.createdAt ?? runIdTime(paths.runId) ?? '',
    publishedAt: publication?.at,
    plan,
    record: manifest ?? (committed ? undefined : failed),
    failure: isOutdated(failed, manifest, publication) ? undefined : failed?.error,
  };
}

/** A failure that the same run has overcome since, by being committed or published. */
function isOutdated(
  failed: RunRecord | undefined,
  manifest: RunRecord | undefined,
  publication: Publication | undefined,
): boolean {
  if (failed === undefined) return false;
  return [manifest?.finishedAt, publication?.at].some((at) => at !== undefined && at > failed.finishedAt);
}

/** What the files of a run's folder say of it. */
export interface RunMarks {
  readonly committed: boolean;
  readonly published: boolean;
  readonly rolledBack: boolean;
  readonly failed: boolean;
}

/** The pointer decides what is published: marks may be missing or left over where a crash came between. */
export function statusOf(
  runId: string,
  marks: RunMarks,
  state: Pick<JobState, 'current' | 'running'>,
): RunStatus {
  if (marks.committed) {
    if (state.current === runId) return 'published';
    if (marks.rolledBack) return 'rolled back';
    return marks.published ? 'superseded' : 'committed';
  }
  if (state.running === runId) return 'running';
  return marks.failed ? 'failed' : 'interrupted';
}

async function readPlanSummary(paths: RunPaths): Promise<PlanSummary | undefined> {
  const plan = await readJsonIfValid(paths.plan, planSchema);
  if (plan === undefined) return undefined;
  const { createdAt, identity, input, model, batchSize, device, incremental } = plan;
  const rows = input.rows + input.stagingRejects;
  return { createdAt, rows, modelPath: model.path, batchSize, device, identity, incremental };
}
