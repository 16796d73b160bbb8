import { dirname, join } from 'node:path';
import { fetchContents, listAnew } from '../../core/files/mirror.ts';
import { pathExists } from '../../runs/json-file.ts';
import type { RunPaths } from '../../runs/layout.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { type Known, known, unknown } from './known.ts';

/** The files with a committed run's predictions, or why there is nothing to read. */
export async function partsOf(
  paths: RunPaths,
  record: RunRecord | undefined,
): Promise<Known<readonly string[]>> {
  if (record === undefined || record.error !== undefined)
    return unknown(`Run ${paths.runId} is not committed: it has no predictions that count.`);
  if (record.rowsOut === 0)
    return unknown(`Run ${paths.runId} has no predictions: all of its rows were rejected.`);
  const files = record.output.parts
    .filter(({ rows }) => rows > 0)
    .map(({ file }) => join(paths.folder, file));
  await listAnew(dirname(paths.part(0)));
  await fetchContents(files);
  for (const file of files)
    if (!(await pathExists(file)))
      return unknown(`The part ${file} is missing: the predictions of run ${paths.runId} cannot be read.`);
  return known(files);
}
