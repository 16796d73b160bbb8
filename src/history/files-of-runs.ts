import { join } from 'node:path';
import { escapePattern, quoteText } from '../core/sql.ts';
import { runsFolder } from '../runs/layout.ts';
import type { Database } from '../source/database.ts';
import type { HistoryJob } from './history-jobs.ts';

/** Files of one kind in the folders of all runs, by name: `runs/RUN/shards/*.json`. */
export async function filesOfRuns(
  database: Database,
  jobs: readonly HistoryJob[],
  folder: 'shards' | 'rejects',
  ending: 'json' | 'parquet',
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const { folderOfJob } of jobs) {
    const pattern = join(escapePattern(runsFolder(folderOfJob)), '*', folder, `*.${ending}`);
    const rows = await database.rows(`SELECT file FROM glob(${quoteText(pattern)}) ORDER BY file`);
    files.push(...rows.map(({ file }) => String(file)));
  }
  return files;
}
