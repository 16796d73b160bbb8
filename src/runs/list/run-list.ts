import { type Clock, systemClock } from '../../core/effects.ts';
import { runPaths } from '../layout.ts';
import { runIdTime } from '../run-id.ts';
import { readPlanIndex } from './plan-index.ts';
import { compareText, listRunIds } from './run-folders.ts';
import type { RunStatus } from './run-status.ts';
import { type RunSummary, readJobState, readRunSummary } from './run-summary.ts';

/**
 * The history of a job is its folder: nothing else is kept but an index that can be made from it. A run's folder that is damaged or
 * half deleted shows up with what it still says, and never hides the others.
 */

/** Which runs to list. What is left out by `since` and `limit` is not even read. */
export interface RunFilter {
  /** Only runs planned at or after this instant. */
  readonly since?: Date;
  readonly statuses?: readonly RunStatus[];
  /** Only runs whose id comes before this one: the next page of a list. */
  readonly before?: string;
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
  const state = await readJobState(folderOfJob, clock);
  const { limit = Number.POSITIVE_INFINITY } = filter;
  // Few are read faster without it.
  const index = filter.limit === undefined ? await readPlanIndex(folderOfJob) : undefined;
  const listed = index?.runIds ?? (await listRunIds(folderOfJob));
  // A holder that has not said which run it works on: most likely the newest that can be continued.
  let isRunUnknown = state.running === null && filter.before === undefined;
  const runs: RunSummary[] = [];
  // Where all are wanted that are read, none is read beyond the limit.
  const slice = filter.statuses === undefined ? Math.max(1, Math.min(limit, READ_AT_ONCE)) : READ_AT_ONCE;
  for (const runIds of slicesOf(idsBefore(idsSince(listed, filter.since), filter.before), slice)) {
    const read = runIds.map((runId) =>
      readRunSummary(runPaths(folderOfJob, runId), state, index?.planOf(runId)),
    );
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

function idsBefore(runIds: readonly string[], before: string | undefined): readonly string[] {
  return before === undefined ? runIds : runIds.filter((runId) => runId < before);
}

/** Runs of one second stay together: their ids do not say which was first. */
export function* slicesOf(runIds: readonly string[], size: number): Generator<readonly string[]> {
  const timeOf = (index: number): string | undefined => runIds[index] && runIdTime(runIds[index]);
  for (let start = 0, end = 0; start < runIds.length; start = end) {
    end = Math.min(start + size, runIds.length);
    while (end < runIds.length && timeOf(end) === timeOf(end - 1)) end++;
    yield runIds.slice(start, end);
  }
}

function isListed(run: RunSummary, { since, statuses }: RunFilter): boolean {
  if (since !== undefined && Date.parse(run.createdAt) < since.getTime()) return false;
  return statuses === undefined || statuses.includes(run.status);
}

export function newestFirst(a: RunSummary, b: RunSummary): number {
  return compareText(b.createdAt, a.createdAt) || compareText(b.runId, a.runId);
}
