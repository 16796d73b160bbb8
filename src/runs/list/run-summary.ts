import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock } from '../../core/effects.ts';
import { type CanaryRun, readCanary } from '../candidates/canary-file.ts';
import { isMissing, pathExists, readJsonIfValid } from '../json-file.ts';
import type { RunPaths } from '../layout.ts';
import { readHolder } from '../lock/lock.ts';
import { showJob } from '../mirror/show-job.ts';
import { type PlanSummary, readPlanSummary } from '../plan/plan-summary.ts';
import { type Publication, readCurrent, readPublication, wasRolledBack } from '../publication.ts';
import type { RecordedError } from '../record/recorded-error.ts';
import type { RunRecord } from '../record/run-record.ts';
import { runRecordSchema } from '../record/run-record-schema.ts';
import { runIdTime } from '../run-id.ts';
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
  /** It was made as a candidate, and was never published since: neither the job nor its schedule counts it as theirs. */
  readonly isCandidate: boolean;
  /** The share of the keys that it answers for, beside the published run; null: it is no canary. */
  readonly canaryShare: number | null;
  /** Undefined where the run was killed before its plan was written, or the plan is damaged. */
  readonly plan: PlanSummary | undefined;
  /** The manifest; for a run that failed, what it had done by then. */
  readonly record: RunRecord | undefined;
  /** Why the last attempt failed: to compute it or, where it is committed, to publish it. */
  readonly failure: RecordedError | undefined;
}

/** What the status of a run depends on, besides its own folder. */
export interface JobState {
  readonly job: string;
  /** The published run. */
  readonly current: string | undefined;
  /** The run that a live process works on; null: it has not said which. */
  readonly running: string | null | undefined;
  readonly canary: CanaryRun | undefined;
}

export async function readJobState(folderOfJob: string, clock: Clock): Promise<JobState> {
  await showJob(folderOfJob);
  const current = await readCurrent(folderOfJob);
  const holder = await readHolder(folderOfJob, clock);
  const canary = await readCanary(folderOfJob);
  return { job: basename(folderOfJob), current, running: holder?.runId, canary };
}

/**
 * Reads one run's folder. Whatever is missing or damaged in it is left out: it never throws for that.
 * @param known what the plan says, where that is known already
 */
export async function readRunSummary(
  paths: RunPaths,
  state: JobState,
  known?: PlanSummary,
): Promise<RunSummary> {
  // Listed before anything is read: opening the files that a run does not have costs as much as reading those it has.
  const names = await namesIn(paths.folder);
  const has = (path: string): boolean => names.has(basename(path));
  const plan = known ?? (await readPlanSummary(paths));
  const manifest = has(paths.manifest) ? await readJsonIfValid(paths.manifest, runRecordSchema) : undefined;
  const failed = has(paths.failure) ? await readJsonIfValid(paths.failure, runRecordSchema) : undefined;
  const committed = manifest !== undefined || (has(paths.manifest) && (await pathExists(paths.manifest)));
  const publication = has(paths.published) ? await readPublication(paths) : undefined;
  const marks: RunMarks = {
    committed,
    published: publication !== undefined,
    rolledBack: has(paths.rolledBack) && (await wasRolledBack(paths)),
    failed: failed !== undefined,
    candidate: has(paths.candidate),
  };
  const { canary } = state;
  return {
    runId: paths.runId,
    job: state.job,
    status: statusOf(paths.runId, marks, state),
    occurrence: (plan?.identity ?? manifest?.identity ?? failed?.identity)?.occurrence ?? null,
    createdAt: plan?.createdAt ?? runIdTime(paths.runId) ?? '',
    publishedAt: publication?.at,
    isCandidate: marks.candidate && publication === undefined && state.current !== paths.runId,
    canaryShare: canary?.runId === paths.runId && canary.published === state.current ? canary.share : null,
    plan,
    record: manifest ?? (committed ? undefined : failed),
    failure: isOutdated(failed, manifest, publication) ? undefined : failed?.error,
  };
}

/** Empty where the folder is gone, or is none. */
async function namesIn(folder: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    if (isMissing(error)) return new Set();
    throw error;
  }
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
  readonly candidate: boolean;
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
    if (marks.published) return 'superseded';
    return marks.candidate ? 'candidate' : 'committed';
  }
  if (state.running === runId) return 'running';
  return marks.failed ? 'failed' : 'interrupted';
}
