import { dirname, join } from 'node:path';
import { fetchContents, listAnew } from '../../core/files/mirror.ts';
import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import { runPaths } from '../../runs/layout.ts';
import { readManifest } from '../../runs/record/run-record.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { HistoryJob } from '../history-jobs.ts';
import { chainOfRuns, readChainPlace } from '../incremental-chain.ts';

/**
 * Makes the view of a job: the parts of its published run, or, where each run takes only what is new, of
 * all committed runs. The columns are those of the parts.
 */
export async function createPredictions(database: Database, name: string, job: HistoryJob): Promise<void> {
  const { folderOfJob, current } = job;
  if (current === undefined) return;
  const grows = (await readChainPlace(runPaths(folderOfJob, current))) !== undefined;
  const runIds = grows ? await chainOfRuns(folderOfJob) : [current];
  const parts = (await Promise.all(runIds.map((runId) => partsOf(folderOfJob, runId)))).flat();
  if (parts.length === 0) return;
  // Runs of a job that changed may have other columns than those before it.
  await database.run(
    `CREATE VIEW ${quoteName(name)} AS
     SELECT * FROM read_parquet(${quoteFiles(parts)}, hive_partitioning = false, union_by_name = ${grows})`,
  );
}

async function partsOf(folderOfJob: string, runId: string): Promise<readonly string[]> {
  const paths = runPaths(folderOfJob, runId);
  const record = await readManifest(paths);
  const files = (record?.output.parts ?? []).map(({ file }) => join(paths.folder, file));
  await listAnew(dirname(paths.part(0)));
  await fetchContents(files);
  return files;
}
