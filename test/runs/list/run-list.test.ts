import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { ONNX_RUNTIME } from '../../../src/core/engine.ts';
import { CPU } from '../../../src/core/machine/device.ts';
import type { Plan, RunIdentity } from '../../../src/core/plan.ts';
import { type RunPaths, runPaths, runsFolder } from '../../../src/runs/layout.ts';
import { findRunByIdentity } from '../../../src/runs/list/earlier-runs.ts';
import { readPlanIndex } from '../../../src/runs/list/plan-index.ts';
import { previousPublished, publishedSince } from '../../../src/runs/list/published-runs.ts';
import { listJobs, listRunIds } from '../../../src/runs/list/run-folders.ts';
import { listRuns, type RunFilter } from '../../../src/runs/list/run-list.ts';
import type { RunSummary } from '../../../src/runs/list/run-summary.ts';
import { acquireLock } from '../../../src/runs/lock/lock.ts';
import { writePlan } from '../../../src/runs/plan/plan-file.ts';
import { clearRolledBack, markPublished, markRolledBack, setCurrent } from '../../../src/runs/publication.ts';
import { writeFailure, writeManifest } from '../../../src/runs/record/run-record.ts';
import { samplePlan, sampleRecord, temporaryFolder } from '../sample-run.ts';

const A = '20261121T000000Z-aaaa';
const B = '20261122T000000Z-bbbb';
const C = '20261123T000000Z-cccc';
const D = '20261124T000000Z-dddd';

function planOf(runId: string, changes: Partial<Plan> = {}): Plan {
  const day = `${runId.slice(0, 4)}-${runId.slice(4, 6)}-${runId.slice(6, 8)}`;
  return samplePlan({ runId, createdAt: `${day}T00:00:00.250Z`, ...changes });
}

async function find(
  job: string,
  identity: RunIdentity,
  isWanted?: (run: RunSummary) => boolean,
): Promise<RunSummary | undefined> {
  return findRunByIdentity(job, await readPlanIndex(job), identity, isWanted);
}

async function planned(job: string, runId: string, changes: Partial<Plan> = {}): Promise<RunPaths> {
  const paths = runPaths(job, runId);
  await writePlan(paths, planOf(runId, changes));
  return paths;
}

async function committed(job: string, runId: string): Promise<RunPaths> {
  const paths = await planned(job, runId);
  await writeManifest(paths, sampleRecord(planOf(runId)));
  return paths;
}

async function published(job: string, runId: string, at: string, token = 1): Promise<RunPaths> {
  const paths = await committed(job, runId);
  await markPublished(paths, { at: new Date(at), token });
  await setCurrent(job, runId);
  return paths;
}

test('the order of publications is that of their tokens, whatever the clocks said', async () => {
  const job = await temporaryFolder();
  await published(job, A, '2031-01-01T00:00:00Z', 1);
  await published(job, B, '2026-11-22T01:00:00Z', 2);
  await published(job, C, '2026-11-23T01:00:00Z', 3);
  expect(await previousPublished(job, C)).toBe(B);
  expect(await previousPublished(job, B)).toBe(A);
  expect(await publishedSince(job, A, C)).toEqual([C, B]);
});

async function statuses(job: string): Promise<(readonly [string, string])[]> {
  return (await listRuns(job)).map(({ runId, status }) => [runId, status] as const);
}

describe('the history of a job', () => {
  test('is empty before its first run', async () => {
    const root = await temporaryFolder();
    expect(await listRuns(join(root, 'sales'))).toEqual([]);
    expect(await listJobs(join(root, 'nowhere'))).toEqual([]);
  });

  test('lists runs newest first, with plan and record', async () => {
    const job = join(await temporaryFolder(), 'sales');
    await published(job, A, '2026-11-21T01:00:00Z');
    await planned(job, B);
    const [newest, oldest] = await listRuns(job);
    expect(newest).toMatchObject({ runId: B, job: 'sales', status: 'interrupted', record: undefined });
    expect(newest?.plan).toEqual({
      createdAt: '2026-11-22T00:00:00.250Z',
      rows: 12,
      modelPath: 'sales.onnx',
      batchSize: 4,
      device: CPU,
      engine: ONNX_RUNTIME,
      identity: {
        inputFingerprint: 'f1',
        modelSha256: 'm1',
        specSha256: 's1',
        occurrence: null,
        window: null,
      },
      incremental: null,
    });
    expect(oldest).toMatchObject({ runId: A, status: 'published', publishedAt: '2026-11-21T01:00:00.000Z' });
    expect(oldest?.record).toEqual(sampleRecord(planOf(A)));
  });

  test('orders runs of one second by the instant in their plans', async () => {
    const job = await temporaryFolder();
    await planned(job, '20261121T000000Z-zzzz', { createdAt: '2026-11-21T00:00:00.100Z' });
    await planned(job, '20261121T000000Z-0000', { createdAt: '2026-11-21T00:00:00.200Z' });
    expect((await listRuns(job)).map(({ runId }) => runId)).toEqual([
      '20261121T000000Z-0000',
      '20261121T000000Z-zzzz',
    ]);
  });
});

describe('a filter', () => {
  async function fourRuns(): Promise<string> {
    const job = await temporaryFolder();
    await published(job, A, '2026-11-21T01:00:00Z');
    await planned(job, B);
    await published(job, C, '2026-11-23T01:00:00Z');
    await planned(job, D);
    return job;
  }
  const ids = async (job: string, filter: RunFilter): Promise<string[]> =>
    (await listRuns(job, systemClock, filter)).map(({ runId }) => runId);

  test('lists the newest, those since an instant, and those of a status', async () => {
    const job = await fourRuns();
    expect(await ids(job, { limit: 2 })).toEqual([D, C]);
    expect(await ids(job, { since: new Date('2026-11-22T00:00:00.250Z') })).toEqual([D, C, B]);
    expect(await ids(job, { since: new Date('2026-11-22T00:00:00.251Z') })).toEqual([D, C]);
    expect(await ids(job, { statuses: ['interrupted', 'published'] })).toEqual([D, C, B]);
    expect(await ids(job, { statuses: ['superseded'], limit: 1 })).toEqual([A]);
    expect(await ids(job, { statuses: ['failed'] })).toEqual([]);
  });

  test('the limit counts what the rest of the filter lets through, over any number of folders', async () => {
    const job = await temporaryFolder();
    const runIds = Array.from({ length: 100 }, (_, index) => runIdAt(index));
    for (const runId of runIds) await mkdir(runPaths(job, runId).folder, { recursive: true });
    await planned(job, runIds[3] ?? '', { createdAt: '2026-11-21T00:00:03.000Z' });
    await writeManifest(runPaths(job, runIds[3] ?? ''), sampleRecord(planOf(runIds[3] ?? '')));
    expect(await ids(job, { limit: 40 })).toEqual([...runIds].reverse().slice(0, 40));
    expect(await ids(job, { statuses: ['committed'], limit: 1 })).toEqual([runIds[3]]);
  });

  test('of runs of one second, the limit takes those that were planned last', async () => {
    const job = await temporaryFolder();
    const runIds = Array.from(
      { length: 40 },
      (_, index) => `20261121T000000Z-${String(index).padStart(4, '0')}`,
    );
    for (const [index, runId] of runIds.entries())
      await planned(job, runId, { createdAt: `2026-11-21T00:00:00.${900 - index}Z` });
    expect(await ids(job, { limit: 2 })).toEqual(runIds.slice(0, 2));
  });

  function runIdAt(second: number): string {
    const [minutes, seconds] = [Math.floor(second / 60), second % 60];
    return `20261121T00${String(minutes).padStart(2, '0')}${String(seconds).padStart(2, '0')}Z-aaaa`;
  }
});

describe('the status of a run', () => {
  test('follows its way from plan to rollback', async () => {
    const job = await temporaryFolder();
    const a = await published(job, A, '2026-11-21T01:00:00Z');
    await planned(job, B);
    expect(await statuses(job)).toEqual([
      [B, 'interrupted'],
      [A, 'published'],
    ]);

    const b = runPaths(job, B);
    await writeManifest(b, sampleRecord(planOf(B)));
    expect(await statuses(job)).toEqual([
      [B, 'committed'],
      [A, 'published'],
    ]);

    await markPublished(b, { at: new Date('2026-11-22T01:00:00Z'), token: 2 });
    await setCurrent(job, B);
    expect(await statuses(job)).toEqual([
      [B, 'published'],
      [A, 'superseded'],
    ]);

    await setCurrent(job, A);
    await markRolledBack(b, { at: new Date('2026-11-22T02:00:00Z') });
    expect(await statuses(job)).toEqual([
      [B, 'rolled back'],
      [A, 'published'],
    ]);

    await clearRolledBack(b);
    await setCurrent(job, B);
    expect(await statuses(job)).toEqual([
      [B, 'published'],
      [A, 'superseded'],
    ]);
    expect(a.runId).toBe(A);
  });

  test('is what the pointer says, where a crash left the marks behind', async () => {
    const job = await temporaryFolder();
    const a = await committed(job, A);
    await setCurrent(job, A);
    expect(await statuses(job)).toEqual([[A, 'published']]);
    await markRolledBack(a, { at: new Date() });
    expect(await statuses(job)).toEqual([[A, 'published']]);
  });

  test('is failed with the error, and interrupted again once the failure is overcome', async () => {
    const job = await temporaryFolder();
    const a = await planned(job, A);
    const record = sampleRecord(planOf(A), { status: 'failed', error: new Error('boom') });
    await writeFailure(a, record);
    expect(await listRuns(job)).toMatchObject([{ status: 'failed', record, failure: { message: 'boom' } }]);

    const finishedAt = new Date('2026-11-21T09:00:00Z');
    await writeManifest(a, sampleRecord(planOf(A), { finishedAt }));
    expect(await listRuns(job)).toMatchObject([{ status: 'committed', failure: undefined }]);

    const later = new Date('2026-11-21T10:00:00Z');
    await writeFailure(a, sampleRecord(planOf(A), { finishedAt: later, error: new Error('no store') }));
    const [run] = await listRuns(job);
    expect(run).toMatchObject({ status: 'committed', failure: { message: 'no store' } });
    expect(run?.record?.finishedAt).toBe(finishedAt.toISOString());

    await markPublished(a, { at: new Date('2026-11-21T11:00:00Z'), token: 1 });
    expect(await listRuns(job)).toMatchObject([{ failure: undefined }]);
  });

  test('is running while a live process says that it works on it', async () => {
    const job = await temporaryFolder();
    const a = await planned(job, A);
    await writeFailure(a, sampleRecord(planOf(A), { error: new Error('boom') }));
    await planned(job, B);
    const lock = await acquireLock(job, { clock: systemClock });
    await lock.setRun(A);
    expect(await statuses(job)).toEqual([
      [B, 'interrupted'],
      [A, 'running'],
    ]);
    await lock.release();
    expect(await statuses(job)).toEqual([
      [B, 'interrupted'],
      [A, 'failed'],
    ]);
  });

  test('is running for the newest that can be continued, where the process has not said', async () => {
    const job = await temporaryFolder();
    await planned(job, A);
    await planned(job, B);
    await committed(job, C);
    const lock = await acquireLock(job, { clock: systemClock });
    expect(await statuses(job)).toEqual([
      [C, 'committed'],
      [B, 'running'],
      [A, 'interrupted'],
    ]);
    await lock.release();
  });
});

describe('a damaged run', () => {
  const damages: readonly (readonly [string, (paths: RunPaths) => Promise<void>, object])[] = [
    [
      'no plan',
      (paths) => rm(paths.plan),
      { status: 'published', plan: undefined, createdAt: '2026-11-22T00:00:00.000Z' },
    ],
    ['half a plan', (paths) => truncate(paths.plan, 100), { status: 'published', plan: undefined }],
    ['half a manifest', (paths) => truncate(paths.manifest, 100), { status: 'published', record: undefined }],
    [
      'an empty note of its publication',
      (paths) => truncate(paths.published),
      { status: 'published', publishedAt: undefined },
    ],
    [
      'a failure that is not one',
      (paths) => writeFile(paths.failure, '[1]'),
      { status: 'published', failure: undefined },
    ],
    [
      'nothing in its folder',
      async (paths) => {
        await rm(paths.folder, { recursive: true });
        await mkdir(paths.folder);
      },
      { status: 'interrupted', plan: undefined, record: undefined },
    ],
  ];
  test.each(damages)(
    'with %s is listed with what it still says, between the others',
    async (_, damage, expected) => {
      const job = await temporaryFolder();
      await published(job, A, '2026-11-21T01:00:00Z');
      const b = await published(job, B, '2026-11-22T01:00:00Z');
      await planned(job, C);
      await damage(b);
      const runs = await listRuns(job);
      expect(runs.map(({ runId }) => runId)).toEqual([C, B, A]);
      expect(runs[1]).toMatchObject(expected);
      expect((await find(job, planOf(C).identity))?.runId).toBe(C);
    },
  );

  test('files and folders of other names are no runs', async () => {
    const job = await temporaryFolder();
    await planned(job, A);
    await mkdir(join(runsFolder(job), 'notes'));
    await writeFile(join(runsFolder(job), B), 'a file');
    expect(await listRunIds(job)).toEqual([A]);
  });

  test('a run that was moved elsewhere and linked is still a run', async () => {
    const job = await temporaryFolder();
    const elsewhere = await temporaryFolder();
    await committed(elsewhere, A);
    await mkdir(runsFolder(job));
    await symlink(runPaths(elsewhere, A).folder, runPaths(job, A).folder);
    expect(await statuses(job)).toEqual([[A, 'committed']]);
  });
});

describe('finding a run by what it computes', () => {
  test('gives the newest with an equal identity', async () => {
    const job = await temporaryFolder();
    const { identity } = planOf(A);
    await committed(job, A);
    await planned(job, B);
    await planned(job, C, { identity: { ...identity, modelSha256: 'other' } });
    expect((await find(job, identity))?.runId).toBe(B);
    expect((await find(job, { ...identity, modelSha256: 'other' }))?.runId).toBe(C);
    expect(await find(job, { ...identity, specSha256: 'other' })).toBeUndefined();
    expect(await find(job, { ...identity, window: 'from the beginning' })).toBeUndefined();
    expect(await find(job, { ...identity, inputFingerprint: 'other' })).toBeUndefined();
  });

  test('leaves out those that are not wanted', async () => {
    const job = await temporaryFolder();
    await planned(job, A);
    await planned(job, B, { device: { ...CPU, name: 'webgpu' } });
    const { identity } = planOf(A);
    expect((await find(job, identity))?.runId).toBe(B);
    const onCpu = await find(job, identity, (run) => run.plan?.device.name === 'cpu');
    expect(onCpu?.runId).toBe(A);
  });

  test('uses the manifest where the plan is damaged', async () => {
    const job = await temporaryFolder();
    const a = await committed(job, A);
    await truncate(a.plan, 10);
    expect((await find(job, planOf(A).identity))?.runId).toBe(A);
  });
});

describe('the run before the published one', () => {
  test('is the one published last before it, whenever it was computed', async () => {
    const job = await temporaryFolder();
    await published(job, A, '2026-11-25T00:00:00Z');
    await published(job, B, '2026-11-22T00:00:00Z');
    await published(job, C, '2026-11-26T00:00:00Z');
    await committed(job, D);
    expect(await previousPublished(job, C)).toBe(A);
    expect(await previousPublished(job, A)).toBe(B);
    expect(await previousPublished(job, B)).toBeUndefined();
  });

  test('was not rolled back and is committed', async () => {
    const job = await temporaryFolder();
    await published(job, A, '2026-11-21T00:00:00Z');
    const b = await published(job, B, '2026-11-22T00:00:00Z');
    const c = await published(job, C, '2026-11-23T00:00:00Z');
    await published(job, D, '2026-11-24T00:00:00Z');
    await markRolledBack(c, { at: new Date() });
    expect(await previousPublished(job, D)).toBe(B);
    await rm(b.manifest);
    expect(await previousPublished(job, D)).toBe(A);
  });

  test('is told apart by the token where two were published in one millisecond', async () => {
    const job = await temporaryFolder();
    await published(job, A, '2026-11-21T00:00:00Z', 8);
    await published(job, B, '2026-11-21T00:00:00Z', 7);
    await published(job, C, '2026-11-21T00:00:00Z', 9);
    expect(await previousPublished(job, C)).toBe(A);
  });
});

test('the jobs of a root are the folders that have runs', async () => {
  const root = await temporaryFolder();
  await committed(join(root, 'sales'), A);
  await committed(join(root, 'costs'), A);
  await mkdir(join(root, 'empty'));
  await writeFile(join(root, 'file'), '');
  expect(await listJobs(root)).toEqual(['costs', 'sales']);
});

test('a rollback leaves behind the current run, and those published after the run that it goes to', async () => {
  const job = await temporaryFolder();
  await published(job, A, '2026-11-21T01:00:00Z');
  await published(job, B, '2026-11-22T01:00:00Z');
  await published(job, C, '2026-11-23T01:00:00Z');
  await published(job, D, '2026-11-24T01:00:00Z');
  expect(await publishedSince(job, C, D)).toEqual([D]);
  expect(await publishedSince(job, A, D)).toEqual([D, C, B]);
  await markRolledBack(runPaths(job, C), { at: new Date() });
  expect(await publishedSince(job, A, D)).toEqual([D, B]);
});

test('a list of runs goes on before the last one of its first part', async () => {
  const job = await temporaryFolder();
  for (const runId of [A, B, C, D]) await committed(job, runId);
  const idsOf = async (filter: RunFilter) =>
    (await listRuns(job, systemClock, filter)).map(({ runId }) => runId);
  expect(await idsOf({ limit: 2 })).toEqual([D, C]);
  expect(await idsOf({ limit: 2, before: C })).toEqual([B, A]);
  expect(await idsOf({ before: A })).toEqual([]);
  expect(await idsOf({ limit: 1, before: B, statuses: ['failed'] })).toEqual([]);
});

test('a run of an earlier part of the list is not taken for the one at work', async () => {
  const job = await temporaryFolder();
  for (const runId of [A, B]) await planned(job, runId);
  const lock = await acquireLock(job, { clock: systemClock });
  const statusesOf = async (filter: RunFilter) =>
    (await listRuns(job, systemClock, filter)).map(({ status }) => status);
  expect(await statusesOf({ limit: 1 })).toEqual(['running']);
  expect(await statusesOf({ limit: 1, before: B })).toEqual(['interrupted']);
  await lock.release();
});
