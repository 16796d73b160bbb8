import { expect, test } from 'vitest';
import { batchSizesFile, jobFolder, runPaths } from '../../src/runs/layout.ts';

const paths = runPaths(jobFolder('out', 'sales'), '20261121T000000Z-k3x9');
const folder = 'out/sales/runs/20261121T000000Z-k3x9';

test.each([
  [paths.folder, folder],
  [paths.plan, `${folder}/plan.json`],
  [paths.shardRecord(42), `${folder}/shards/00042.json`],
  [paths.part(42), `${folder}/parts/part-00042.parquet`],
  [paths.part(1_234_567), `${folder}/parts/part-1234567.parquet`],
  [paths.rejects(0), `${folder}/rejects/part-00000.parquet`],
  [paths.stagingRejects, `${folder}/rejects/staging.parquet`],
  [paths.staged, `${folder}/staged/input.parquet`],
  [paths.manifest, `${folder}/run.json`],
  [paths.success, `${folder}/_SUCCESS`],
  [paths.published, `${folder}/published.json`],
  [paths.failure, `${folder}/failure.json`],
  [paths.rolledBack, `${folder}/rolled-back.json`],
  [paths.temp, `${folder}/tmp`],
  [batchSizesFile('out/sales'), 'out/sales/batch-sizes.json'],
])('%s lies where the documentation says', (path, expected) => {
  expect(path).toBe(expected);
});
