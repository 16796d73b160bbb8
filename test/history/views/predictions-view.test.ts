import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { IncrementalPlan } from '../../../src/core/incremental.ts';
import { quoteText } from '../../../src/core/text/sql.ts';
import { createPredictions } from '../../../src/history/views/predictions-view.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { setCurrent } from '../../../src/runs/publication.ts';
import { temporaryFolder } from '../../runs/sample-run.ts';
import { openDatabase } from '../../support/database.ts';
import { committedRun, runOn } from '../sample-history.ts';

const database = await openDatabase();

/** A committed run with one part. */
async function runWith(
  folderOfJob: string,
  day: number,
  sql: string,
  incremental?: IncrementalPlan,
): Promise<void> {
  const part = runPaths(folderOfJob, runOn(day)).part(0);
  await mkdir(dirname(part), { recursive: true });
  await database.run(`COPY (${sql}) TO ${quoteText(part)} (FORMAT parquet)`);
  const file = { file: 'parts/part-00000.parquet', rows: 1, bytes: 1, sha256: 'x' };
  await committedRun(folderOfJob, runOn(day), {
    output: { path: folderOfJob, parts: [file], bytes: 1 },
    ...(incremental === undefined ? {} : { incremental }),
  });
}

async function rowsOf(job: string, folderOfJob: string, current: number): Promise<unknown[]> {
  await setCurrent(folderOfJob, runOn(current));
  await createPredictions(database, job, { job, folderOfJob, current: runOn(current) });
  return database.rows(`SELECT * FROM ${job} ORDER BY key`);
}

it('shows the parts of the published run alone', async () => {
  const folder = join(await temporaryFolder(), 'sales');
  for (const day of [1, 2, 3]) await runWith(folder, day, `SELECT ${day} AS key, 1.5 AS sales`);
  expect(await rowsOf('sales', folder, 2)).toEqual([{ key: 2, sales: '1.5' }]);
});

it('of an input that grows, the parts of all committed runs since one took everything, columns added', async () => {
  const folder = join(await temporaryFolder(), 'incoming');
  const place = (sequence: number, full = false): IncrementalPlan => ({
    kind: 'files',
    sequence,
    after: null,
    full,
    files: 1,
  });
  await runWith(folder, 1, 'SELECT 1 AS key', place(1));
  await runWith(folder, 2, 'SELECT 2 AS key', place(2, true));
  await runWith(folder, 3, 'SELECT 3 AS key, true AS extra', place(3));
  expect(await rowsOf('incoming', folder, 3)).toEqual([
    { key: 2, extra: null },
    { key: 3, extra: true },
  ]);
});
