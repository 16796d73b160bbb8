import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bindJob } from '../../../src/config/bind-job.ts';
import { adHocJob } from '../../../src/config/override-job.ts';
import { identifyRun } from '../../../src/jobs/plan/identify-run.ts';
import { temporaryFolder } from '../../support/project.ts';

it('tells a table from the same files without the folders that make columns', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'all/day=1'), { recursive: true });
  await writeFile(join(folder, 'all/day=1/a.parquet'), 'PAR1');
  await writeFile(join(folder, 'm.onnx'), 'model');
  const identity = async (path: string): Promise<string> => {
    const job = adHocJob({ model: join(folder, 'm.onnx'), inputs: [join(folder, path)] });
    const run = await identifyRun(bindJob(job, { occurrence: null, now: new Date() }));
    return run.identity.inputFingerprint;
  };
  expect(await identity('all')).toBe(await identity('all/*/*.parquet'));
  expect(await identity('all')).not.toBe(await identity('all/day=1'));
  expect(await identity('all/day=1')).toBe(await identity('all/day=1/a.parquet'));
});
