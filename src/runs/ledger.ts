import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Clock, systemClock } from '../core/effects.ts';
import type { RunIdentity } from '../core/plan.ts';
import { isMissing, pathExists } from './json-file.ts';
import { jobFolder, runPaths, runsFolder } from './layout.ts';
import { readHolder } from './lock.ts';
import { type Publication, readCurrent, readPublication, wasRolledBack } from './publication.ts';
import { isRunId } from './run-id.ts';
import { type RunSummary, readRunSummary } from './run-summary.ts';

/**
 * The history of a job is its folder: nothing else is kept anywhere. A run's folder that is damaged or
 * half deleted shows up with what it still says, and never hides the others.
 */

/** All runs of a job, newest first. */
export async function listRuns(folderOfJob: string, clock: Clock = systemClock): Promise<RunSummary[]> {
  const current = await readCurrent(folderOfJob);
  const holder = await readHolder(folderOfJob, clock);
  const state = { job: basename(folderOfJob), current, running: holder?.runId ?? undefined };
  const runs: RunSummary[] = [];
  for (const runId of await listRunIds(folderOfJob))
    runs.push(await readRunSummary(runPaths(folderOfJob, runId), state));
  runs.sort((a, b) => compareText(b.createdAt, a.createdAt) || compareText(b.runId, a.runId));
  return holder?.runId === null ? assumeRunning(runs) : runs;
}

/** A holder that has not said which run it works on: most likely the newest that can be continued. */
function assumeRunning(runs: readonly RunSummary[]): RunSummary[] {
  const newest = runs.find(({ status }) => status === 'interrupted');
  return runs.map((run) => (run === newest ? { ...run, status: 'running' } : run));
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

/** The ids of a job's runs, newest first. */
export async function listRunIds(folderOfJob: string): Promise<string[]> {
  return (await folderNames(runsFolder(folderOfJob))).filter(isRunId).sort((a, b) => compareText(b, a));
}

/** The jobs that have runs below an output root, by name. */
export async function listJobs(root: string): Promise<string[]> {
  const jobs: string[] = [];
  for (const name of await folderNames(root)) {
    if (await pathExists(runsFolder(jobFolder(root, name)))) jobs.push(name);
  }
  return jobs.sort(compareText);
}

function isSameIdentity(a: RunIdentity | undefined, b: RunIdentity): boolean {
  return (
    a?.inputFingerprint === b.inputFingerprint &&
    a.modelSha256 === b.modelSha256 &&
    a.specSha256 === b.specSha256 &&
    a.occurrence === b.occurrence
  );
}

/** Two publications within a millisecond are told apart by their tokens. */
function comparePublications(a: Publication, b: Publication): number {
  return Date.parse(a.at) - Date.parse(b.at) || a.token - b.token;
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
