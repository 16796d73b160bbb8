import { join } from 'node:path';
import { expect, it } from 'vitest';
import { chainOfRuns } from '../../src/history/incremental-chain.ts';
import { temporaryFolder } from '../runs/sample-run.ts';
import { committedRun, plannedRun, runOn } from './sample-history.ts';

it('the chain of runs begins with the last that took everything, and leaves out what is not committed', async () => {
  const job = join(await temporaryFolder(), 'incoming');
  for (const [day, full] of [
    [1, false],
    [2, true],
    [3, false],
    [4, false],
  ] as const)
    await committedRun(job, runOn(day), {
      incremental: { kind: 'files', sequence: day, after: null, full, files: 1 },
    });
  await plannedRun(job, runOn(5));
  expect(await chainOfRuns(job)).toEqual([2, 3, 4].map(runOn));
});
