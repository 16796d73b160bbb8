import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Clock, systemClock } from '../core/effects.ts';
import type { RunIdentity } from '../core/plan.ts';
import { isMissing, pathExists } from './json-file.ts';
import { jobFolder, occurrencesFolder, runPaths, runsFolder } from './layout.ts';
import { readHolder } from './lock/lock.ts';
import {
  comparePublications,
  type Publication,
  readCurrent,
  readPublication,
  wasRolledBack,
} from './publication.ts';
import type { RunRecord } from './record/run-record.ts';
import { isRunId, runIdTime } from './run-id.ts';
import type { RunStatus } from './run-status.ts';
import { type RunSummary, readRunSummary } from './run-summary.ts';

/**
 * The history of a job is its folder: nothing else is kept anywhere. A run's folder that is damaged or
 * half deleted shows up with what it still says, and never hides the others.
 */

/** Which runs to list. What is left out by `since` and `limit` is not even read. */
export interface RunFilter {
  /** Only runs planned at or after this instant. */
  readonly since?: Date;
  readonly statuses?: readonly RunStatus[];
  /** The newest so many of those that the rest of the filter lets through. */
  readonly limit?: number;
}

/** Folders that are read at the same time: enough to keep a disk busy, few enough to keep memory small. */
const READ_AT_ONCE = 32;

/** The runs of a job, newest first; without a filter all of them. */
export async function listRuns(
  folderOfJob: string,
  clock: Clock = systemClock,
  filter: RunFilter = {},
): Promise<RunSummary[]> {
  const current = await readCurrent(folderOfJob);
  const holder = await readHolder(folderOfJob, clock);
  const state = { job: basename(folderOfJob), current, running: holder?.runId ?? undefined };
  const { limit = Number.POSITIVE_INFINITY } = filter;
  // A holder that has not said which run it works on: most likely the newest that can be continued.
  let isRunUnknown = holder?.runId === null;
  const runs: RunSummary[] = [];
  for (const runIds of slicesOf(idsSince(await listRunIds(folderOfJob), filter.since))) {
    const read = runIds.map((runId) => readRunSummary(runPaths(folderOfJob, runId), state));
    for (const run of (await Promise.all(read)).sort(newestFirst)) {
      const isAssumed = isRunUnknown && run.status === 'interrupted';
      if (isAssumed) isRunUnknown = false;
      const status = isAssumed ? 'running' : run.status;
      if (isListed({ ...run, status }, filter)) runs.push({ ...run, status });
    }
    if (runs.length >= limit) break;
  }
  return runs.sort(newestFirst).slice(0, limit);
}

/** An id knows the second in which its run was planned. */
function idsSince(runIds: readonly string[], since: Date | undefined): readonly string[] {
  if (since === undefined) return runIds;
  const second = new Date(Math.floor(since.getTime() / 1000) * 1000).toISOString();
  return runIds.filter((runId) => (runIdTime(runId) ?? '') >= second);
}

/** Runs of one second stay together: their ids do not say which was first. */
function* slicesOf(runIds: readonly string[]): Generator<readonly string[]> {
  const timeOf = (index: number): string | undefined => runIds[index] && runIdTime(runIds[index]);
  for (let start = 0, end = 0; start < runIds.length; start = end) {
    end = Math.min(start + READ_AT_ONCE, runIds.length);
    while (end < runIds.length && timeOf(end) === timeOf(end - 1)) end++;
    yield runIds.slice(start, end);
  }
}

function isListed(run: RunSummary, { since, statuses }: RunFilter): boolean {
  if (since !== undefined && Date.parse(run.createdAt) < since.getTime()) return false;
  return statuses === undefined || statuses.includes(run.status);
}

function newestFirst(a: RunSummary, b: RunSummary): number {
  return compareText(b.createdAt, a.createdAt) || compareText(b.runId, a.runId);
}

/** The newest run that computes, or computed, exactly this. */
export async function findRunByIdentity(
  folderOfJob: string,
  identity: RunIdentity,
  clock: Clock = systemClock,
  isWanted: (run: RunSummary) => boolean = () => true,
): Promise<RunSummary | undefined> {
  const runs = await listRuns(folderOfJob, clock);
  return runs.find(
    (run) => isSameIdentity(run.plan?.identity ?? run.record?.identity, identity) && isWanted(run),
  );
}

/** What the newest failed run of an occurrence (null: of none) had done by then; null where there is none. */
export async function failedRecord(
  folderOfJob: string,
  occurrence: string | null,
  clock: Clock = systemClock,
): Promise<RunRecord | null> {
  const runs = await listRuns(folderOfJob, clock);
  const failed = runs.find((run) => run.occurrence === occurrence && run.status === 'failed');
  return failed?.record ?? null;
}

/**
 * The run that a rollback from `currentRunId` goes to: of those published before it, committed and not
 * rolled back, the one that was published last.
 */
export async function previousPublished(
  folderOfJob: string,
  currentRunId: string,
): Promise<string | undefined> {
  const current = await readPublication(runPaths(folderOfJob, currentRunId));
  let newest: { readonly runId: string; readonly publication: Publication } | undefined;
  for (const runId of await listRunIds(folderOfJob)) {
    const paths = runPaths(folderOfJob, runId);
    const publication = runId === currentRunId ? undefined : await readPublication(paths);
    if (publication === undefined || (await wasRolledBack(paths)) || !(await pathExists(paths.manifest)))
      continue;
    if (current !== undefined && comparePublications(publication, current) >= 0) continue;
    if (newest === undefined || comparePublications(publication, newest.publication) > 0)
      newest = { runId, publication };
  }
  return newest?.runId;
}

/**
 * The runs that a rollback from `currentRunId` to `runId` leaves behind: those that were published after
 * `runId`, and the current one.
 */
export async function publishedSince(
  folderOfJob: string,
  runId: string,
  currentRunId: string,
): Promise<readonly string[]> {
  const target = await readPublication(runPaths(folderOfJob, runId));
  const later: string[] = [];
  for (const each of await listRunIds(folderOfJob)) {
    if (each === runId || each === currentRunId) continue;
    const paths = runPaths(folderOfJob, each);
    const publication = await readPublication(paths);
    if (publication === undefined || target === undefined || (await wasRolledBack(paths))) continue;
    if (comparePublications(publication, target) > 0) later.push(each);
  }
  return [currentRunId, ...later];
}

/** The ids of a job's runs, newest first. */
export async function listRunIds(folderOfJob: string): Promise<string[]> {
  return (await folderNames(runsFolder(folderOfJob))).filter(isRunId).sort((a, b) => compareText(b, a));
}

/** The jobs that have runs or occurrences below an output root, by name. */
export async function listJobs(root: string): Promise<string[]> {
  const jobs: string[] = [];
  for (const name of await folderNames(root)) {
    const folder = jobFolder(root, name);
    const isJob = (await pathExists(runsFolder(folder))) || (await pathExists(occurrencesFolder(folder)));
    if (isJob) jobs.push(name);
  }
  return jobs.sort(compareText);
}

function isSameIdentity(a: RunIdentity | undefined, b: RunIdentity): boolean {
  return (
    a?.inputFingerprint === b.inputFingerprint &&
    a.modelSha256 === b.modelSha256 &&
    a.specSha256 === b.specSha256 &&
    a.occurrence === b.occurrence &&
    a.window === b.window
  );
}

/** By code units: the same order everywhere, whatever the locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function folderNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
