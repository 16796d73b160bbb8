import { appendFile, cp, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import type { IncrementalPlan } from '../../../src/core/incremental.ts';
import { findLastTakenRun } from '../../../src/runs/incremental/watermark.ts';
import { planIndexFile, runPaths } from '../../../src/runs/layout.ts';
import { findRunByIdentity } from '../../../src/runs/list/earlier-runs.ts';
import { readPlanIndex, refreshPlanIndex } from '../../../src/runs/list/plan-index.ts';
import { listRuns } from '../../../src/runs/list/run-list.ts';
import { writePlan } from '../../../src/runs/plan/plan-file.ts';
import { writeManifest } from '../../../src/runs/record/run-record.ts';
import { samplePlan, sampleRecord, temporaryFolder } from '../sample-run.ts';

const runId = (number: number): string => `20261121T00${String(number).padStart(4, '0')}Z-aaaa`;

async function planned(job: string, number: number, incremental: IncrementalPlan | null = null) {
  const identity = { ...samplePlan().identity, inputFingerprint: `input ${number}` };
  const plan = samplePlan({ runId: runId(number), identity, incremental });
  await writePlan(runPaths(job, plan.runId), plan);
  return plan;
}

async function committed(job: string, number: number, incremental: IncrementalPlan | null = null) {
  await writeManifest(runPaths(job, runId(number)), sampleRecord(await planned(job, number, incremental)));
}

const taking = (sequence: number): IncrementalPlan => ({
  kind: 'files',
  sequence,
  after: null,
  full: false,
  files: 1,
});

/** What everybody asks of the index, with it and without it. */
async function answers(job: string) {
  const index = await readPlanIndex(job);
  const identity = samplePlan().identity;
  const find = (input: string) => findRunByIdentity(job, index, { ...identity, inputFingerprint: input });
  return {
    runs: await listRuns(job),
    plans: index.runIds.map((id) => index.planOf(id)),
    second: (await find('input 2'))?.runId,
    none: await find('input 9'),
    last: (await findLastTakenRun(job, index, systemClock))?.summary.runId,
  };
}

async function sixRuns(): Promise<string> {
  const job = join(await temporaryFolder(), 'sales');
  for (const number of [1, 2, 3]) await committed(job, number, taking(number));
  await planned(job, 4, taking(4));
  await committed(job, 5);
  await refreshPlanIndex(job);
  await planned(job, 6);
  return job;
}

describe('the index of plans answers as the folders do', () => {
  const harm: readonly (readonly [string, (job: string, index: string) => Promise<unknown>])[] = [
    ['as it was written', async () => {}],
    ['after it was deleted', (_, index) => rm(index)],
    [
      'of another version',
      async (_, index) => {
        const text = await readFile(index, 'utf8');
        await writeFile(index, text.replaceAll('"v":2', '"v":1').replaceAll('input 2', 'input 9'));
      },
    ],
    [
      'with half a line at its end',
      (_, index) => appendFile(index, '{"v":2,"runId":"20261121T000006Z-aaaa","pl'),
    ],
    ['with zeros in it', async (_, index) => appendFile(index, Buffer.alloc(4096))],
    ['where a run was deleted', (job) => rm(runPaths(job, runId(3)).folder, { recursive: true })],
    [
      'where a run was copied from elsewhere',
      async (job) => {
        const elsewhere = await temporaryFolder();
        await committed(elsewhere, 7, taking(7));
        await cp(runPaths(elsewhere, runId(7)).folder, runPaths(job, runId(7)).folder, { recursive: true });
      },
    ],
    [
      'where a manifest has come',
      async (job) => {
        await writeManifest(runPaths(job, runId(4)), sampleRecord(samplePlan({ runId: runId(4) })));
      },
    ],
  ];
  test.each(harm)('%s', async (_, hurt) => {
    const job = await sixRuns();
    const path = planIndexFile(job);
    await hurt(job, path);
    const withIndex = await answers(job);
    await refreshPlanIndex(job);
    const refreshed = await answers(job);
    await rm(path, { force: true });
    const fromFolders = await answers(job);
    expect(withIndex).toEqual(fromFolders);
    expect(refreshed).toEqual(fromFolders);
    expect(fromFolders.second).toBe(runId(2));
    expect(fromFolders.plans.every((plan) => plan !== undefined)).toBe(true);
  });

  test('cut at every byte', async () => {
    const job = await sixRuns();
    const path = planIndexFile(job);
    const text = await readFile(path);
    const expected = await answers(job);
    for (let size = text.length; size >= 0; size -= 97) {
      await writeFile(path, text);
      await truncate(path, size);
      await refreshPlanIndex(job);
      expect(await answers(job)).toEqual(expected);
    }
  });
});

test('a plan is read from its folder once only', async () => {
  const job = await sixRuns();
  await refreshPlanIndex(job);
  for (const number of [1, 2, 3, 4, 5, 6]) await rm(runPaths(job, runId(number)).plan);
  const index = await readPlanIndex(job);
  expect(index.runIds.map((id) => index.planOf(id)?.identity.inputFingerprint)).toEqual(
    [6, 5, 4, 3, 2, 1].map((number) => `input ${number}`),
  );
});

test('the file does not grow with runs that are pruned', async () => {
  const job = join(await temporaryFolder(), 'sales');
  await planned(job, 0);
  const lines = await readFile(planIndexFile(job), 'utf8').catch(() => '');
  expect(lines).toBe('');
  const plan = JSON.stringify((await readPlanIndex(job)).planOf(runId(0)));
  const gone = Array.from(
    { length: 200 },
    (_, at) => `{"v":2,"runId":"${runId(at + 1)}","plan":${plan},"end":true}`,
  );
  await writeFile(planIndexFile(job), `${gone.join('\n')}\n`);
  await refreshPlanIndex(job);
  expect((await readFile(planIndexFile(job), 'utf8')).trim().split('\n')).toHaveLength(1);
});

test('nothing fails where it can be neither read nor written', async () => {
  const job = await sixRuns();
  const expected = await answers(job);
  await rm(planIndexFile(job));
  await mkdir(planIndexFile(job));
  await refreshPlanIndex(job);
  expect(await answers(job)).toEqual(expected);
});

test('a link in the place of the index is not followed', async () => {
  const job = await temporaryFolder();
  await planned(job, 1);
  const victim = join(job, 'victim');
  await writeFile(victim, 'mine');
  await symlink(victim, planIndexFile(job));
  expect((await refreshPlanIndex(job)).runIds).toEqual([runId(1)]);
  expect(await readFile(victim, 'utf8')).toBe('mine');
});
