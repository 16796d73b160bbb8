import { basename } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import { nearestNames } from '../../core/text/nearest.ts';
import { jobFolder } from '../layout.ts';
import { listJobs, listRunIds } from './run-folders.ts';

/** A run and where it lies. */
export interface FoundRun {
  readonly runId: string;
  readonly job: string;
  readonly folderOfJob: string;
}

/**
 * Finds a run among all jobs below an output root, by its id or the beginning of it. Throws `NOT_FOUND`,
 * with ids that are near, and `USAGE` where several ids begin so.
 */
export async function findRun(root: string, runId: string): Promise<FoundRun> {
  return oneOf(await allRuns(root), runId, root);
}

/** Finds a run of one job, by its id or the beginning of it. Throws as {@link findRun} does. */
export async function findRunOfJob(folderOfJob: string, runId: string): Promise<FoundRun> {
  return oneOf(await runsOf(folderOfJob, basename(folderOfJob)), runId, folderOfJob);
}

function oneOf(runs: readonly FoundRun[], runId: string, place: string): FoundRun {
  const exact = runs.filter((run) => run.runId === runId);
  const matches =
    exact.length > 0 ? exact : runs.filter((run) => runId !== '' && run.runId.startsWith(runId));
  const [match] = matches;
  if (match === undefined) throw notFound(place, runId, runs);
  if (matches.length > 1) throw ambiguous(runId, matches);
  return match;
}

async function allRuns(root: string): Promise<FoundRun[]> {
  const runs: FoundRun[] = [];
  for (const job of await listJobs(root)) runs.push(...(await runsOf(jobFolder(root, job), job)));
  return runs;
}

async function runsOf(folderOfJob: string, job: string): Promise<FoundRun[]> {
  return (await listRunIds(folderOfJob)).map((runId) => ({ runId, job, folderOfJob }));
}

function notFound(root: string, runId: string, runs: readonly FoundRun[]): ServeBatchError {
  const ids = runs.map((run) => run.runId);
  const near = nearestNames(runId, ids, 2);
  const newest = [...ids].sort().reverse().slice(0, 3);
  let hint = `It has no runs. Give another folder with --output, or make a run with "serve-batch run".`;
  if (near.length > 0) hint = `Did you mean ${near.join(' or ')}?`;
  else if (newest.length > 0) hint = `The newest are ${newest.join(', ')}; "serve-batch runs ls" lists all.`;
  return new ServeBatchError('NOT_FOUND', `${root} has no run "${runId}". ${hint}`, {
    fields: { runId, root },
  });
}

function ambiguous(runId: string, matches: readonly FoundRun[]): ServeBatchError {
  const shown = matches.slice(0, 5).map((run) => `${run.runId} (${run.job})`);
  const more = matches.length > shown.length ? ` and ${matches.length - shown.length} more` : '';
  return new ServeBatchError(
    'USAGE',
    `${matches.length} runs have ids that begin with "${runId}": ${shown.join(', ')}${more}. Give more of its characters.`,
    { fields: { runId, matches: matches.map((run) => run.runId) } },
  );
}
