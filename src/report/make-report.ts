import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../source/duckdb/database.ts';
import { type ReadReportOptions, readReport } from './read-report.ts';
import { renderReport } from './render-report.ts';
import { reportLimits } from './report-limits.ts';

export type MakeReportOptions = Pick<ReadReportOptions, 'folderOfJob' | 'runId' | 'against' | 'signal'>;

/** The report of a run as a page, with a database of its own. Throws as {@link readReport} does. */
export async function makeReport(options: MakeReportOptions): Promise<string> {
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'serve-batch-report-'));
  try {
    const database = await Database.open({ ...reportLimits(), temporaryFolder });
    try {
      return renderReport(await readReport({ ...options, database }));
    } finally {
      database.close();
    }
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}
