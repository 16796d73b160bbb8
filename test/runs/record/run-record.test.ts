import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { runPaths } from '../../../src/runs/layout.ts';
import { writePlan } from '../../../src/runs/plan/plan-file.ts';
import {
  clearFailure,
  readManifest,
  writeFailure,
  writeManifest,
} from '../../../src/runs/record/run-record.ts';
import { samplePlan, sampleRecord, temporaryFolder } from '../sample-run.ts';

const plan = samplePlan();

test('a manifest is read as it was written, and _SUCCESS stands beside it', async () => {
  const paths = runPaths(await temporaryFolder(), plan.runId);
  await writePlan(paths, plan);
  expect(await readManifest(paths)).toBeUndefined();
  const record = sampleRecord(plan);
  await writeManifest(paths, record);
  expect(await readManifest(paths)).toEqual(record);
  expect((await readdir(paths.folder)).sort()).toEqual(['_SUCCESS', 'plan.json', 'run.json']);
});

test('no _SUCCESS without a manifest', async () => {
  const paths = runPaths(await temporaryFolder(), plan.runId);
  await expect(writeManifest(paths, sampleRecord(plan))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(access(paths.success)).rejects.toThrow();
});

test('a manifest of a newer version is read: fields that are not known are left out', async () => {
  const paths = runPaths(await temporaryFolder(), plan.runId);
  await writePlan(paths, plan);
  const record = sampleRecord(plan);
  await writeFile(paths.manifest, JSON.stringify({ ...record, colour: 'red' }));
  expect(await readManifest(paths)).toEqual(record);
});

test('a manifest of an earlier version is read: it does not say the batch size', async () => {
  const paths = runPaths(await temporaryFolder(), plan.runId);
  await writePlan(paths, plan);
  const { batchSize, ...earlier } = sampleRecord(plan);
  expect(batchSize).toBe(4);
  await writeFile(paths.manifest, JSON.stringify(earlier));
  expect(await readManifest(paths)).toEqual(earlier);
});

test('a damaged manifest is named, with the field', async () => {
  const paths = runPaths(await temporaryFolder(), plan.runId);
  await writePlan(paths, plan);
  await writeFile(paths.manifest, JSON.stringify({ ...sampleRecord(plan), rowsIn: 'many' }));
  await expect(readManifest(paths)).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringMatching(/run\.json cannot be read \(rowsIn: .*--force/),
  });
});

test('a failure is kept until the run goes on', async () => {
  const paths = runPaths(await temporaryFolder(), plan.runId);
  const record = sampleRecord(plan, { status: 'failed', error: new Error('boom') });
  await writeFailure(paths, record);
  expect(JSON.parse(await readFile(paths.failure, 'utf8'))).toEqual(record);
  await clearFailure(paths);
  await clearFailure(paths);
  await expect(access(paths.failure)).rejects.toThrow();
});
