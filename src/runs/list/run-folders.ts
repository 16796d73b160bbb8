import { readdir } from 'node:fs/promises';
import { isMissing, pathExists } from '../json-file.ts';
import { jobFolder, occurrencesFolder, runsFolder } from '../layout.ts';
import { showJob, showJobs } from '../mirror/show-job.ts';
import { isRunId } from '../run-id.ts';

/** The ids of a job's runs, newest first. */
export async function listRunIds(folderOfJob: string): Promise<string[]> {
  await showJob(folderOfJob);
  return (await folderNames(runsFolder(folderOfJob))).filter(isRunId).sort((a, b) => compareText(b, a));
}

/** The jobs that have runs or occurrences below an output root, by name. */
export async function listJobs(root: string): Promise<string[]> {
  await showJobs(root);
  const jobs: string[] = [];
  for (const name of await folderNames(root)) {
    const folder = jobFolder(root, name);
    const isJob = (await pathExists(runsFolder(folder))) || (await pathExists(occurrencesFolder(folder)));
    if (isJob) jobs.push(name);
  }
  return jobs.sort(compareText);
}

/** By code units: the same order everywhere, whatever the locale. */
export function compareText(a: string, b: string): number {
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
