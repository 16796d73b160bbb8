import { join } from 'node:path';
import { fetchContents, listAnew, sharedMirrorOf } from '../../core/files/mirror.ts';
import { escapePattern, quoteText } from '../../core/text/sql.ts';
import { inParallel } from '../../runs/in-parallel.ts';
import { runsFolder } from '../../runs/layout.ts';
import { listRunIds } from '../../runs/list/run-folders.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { HistoryJob } from '../history-jobs.ts';

/** Folders of a bucket that are listed at the same time. */
const LISTED_AT_ONCE = 16;

/** Files of one kind in the folders of all runs, by name: `runs/RUN/shards/*.json`. */
export async function filesOfRuns(
  database: Database,
  jobs: readonly HistoryJob[],
  folder: 'shards' | 'rejects',
  ending: 'json' | 'parquet',
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const { folderOfJob } of jobs) {
    await showFilesOfRuns(folderOfJob, folder);
    const pattern = join(escapePattern(runsFolder(folderOfJob)), '*', folder, `*.${ending}`);
    const rows = await database.rows(`SELECT file FROM glob(${quoteText(pattern)}) ORDER BY file`);
    files.push(...rows.map(({ file }) => String(file)));
  }
  await fetchContents(files);
  return files;
}

async function showFilesOfRuns(folderOfJob: string, folder: 'shards' | 'rejects'): Promise<void> {
  if (sharedMirrorOf(folderOfJob) === undefined) return;
  const runIds = await listRunIds(folderOfJob);
  await inParallel(runIds, LISTED_AT_ONCE, (runId) => listAnew(join(runsFolder(folderOfJob), runId, folder)));
}
