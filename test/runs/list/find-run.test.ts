import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runPaths } from '../../../src/runs/layout.ts';
import { findRun, findRunOfJob } from '../../../src/runs/list/find-run.ts';
import { temporaryFolder } from '../sample-run.ts';

async function rootWith(...runs: readonly (readonly [job: string, runId: string])[]): Promise<string> {
  const root = await temporaryFolder();
  for (const [job, runId] of runs) await mkdir(runPaths(join(root, job), runId).folder, { recursive: true });
  return root;
}

const A = ['sales', '20261121T000000Z-k3x9'] as const;
const B = ['costs', '20261122T000000Z-b2b2'] as const;
const C = ['costs', '20261122T000000Z-b7c1'] as const;

test('a run is found in whichever job it is, by its id or the beginning of it', async () => {
  const root = await rootWith(A, B, C);
  const found = { runId: A[1], job: 'sales', folderOfJob: join(root, 'sales') };
  expect(await findRun(root, A[1])).toEqual(found);
  expect(await findRun(root, '20261121')).toEqual(found);
  expect(await findRun(root, '20261122T000000Z-b7')).toMatchObject({ runId: C[1], job: 'costs' });
});

test('a beginning of several ids is refused, and they are named', async () => {
  const root = await rootWith(A, B, C);
  await expect(findRun(root, '20261122')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(
      /2 runs .*20261122T000000Z-b7c1 \(costs\).*20261122T000000Z-b2b2 \(costs\).*Give more/,
    ),
  });
});

test('of one job, only its own runs count', async () => {
  const root = await rootWith(A, B, ['costs', A[1]]);
  expect(await findRunOfJob(join(root, 'costs'), A[1])).toMatchObject({ runId: A[1], job: 'costs' });
  await expect(findRunOfJob(join(root, 'sales'), B[1])).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('an id that two jobs have is refused', async () => {
  const root = await rootWith(A, ['costs', A[1]]);
  await expect(findRun(root, A[1])).rejects.toMatchObject({ code: 'USAGE' });
});

test.each([
  ['20261121T000000Z-k3x8', /Did you mean 20261121T000000Z-k3x9/],
  ['latest', /The newest are 20261122T000000Z-b7c1, 20261122T000000Z-b2b2, 20261121T000000Z-k3x9/],
  ['', /The newest are/],
])('an unknown id %j is not found, with a hint', async (runId, message) => {
  const root = await rootWith(A, B, C);
  await expect(findRun(root, runId)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(message),
  });
});

test('an empty root says so', async () => {
  const root = await temporaryFolder();
  await expect(findRun(root, A[1])).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(/It has no runs/),
  });
});
