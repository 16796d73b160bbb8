import { pathExists } from '../json-file.ts';
import { runPaths } from '../layout.ts';
import { comparePublications, type Publication, readPublication, wasRolledBack } from '../publication.ts';
import { listRunIds } from './run-folders.ts';

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

/**
 * Of some runs, those that readers saw last: the current one first, then at most so many in all, as far as
 * they were ever published.
 */
export async function lastPublished(
  folderOfJob: string,
  among: readonly string[],
  { current, count }: { readonly current: string | undefined; readonly count: number },
): Promise<readonly string[]> {
  const published: { readonly runId: string; readonly publication: Publication }[] = [];
  for (const runId of among) {
    const publication = await readPublication(runPaths(folderOfJob, runId));
    if (publication !== undefined && runId !== current) published.push({ runId, publication });
  }
  published.sort((a, b) => comparePublications(b.publication, a.publication));
  const first = current === undefined ? [] : [current];
  return [...first, ...published.slice(0, Math.max(count - first.length, 0)).map(({ runId }) => runId)];
}
