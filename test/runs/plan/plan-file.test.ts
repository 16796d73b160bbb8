import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runPaths } from '../../../src/runs/layout.ts';
import { readPlan, writePlan } from '../../../src/runs/plan/plan-file.ts';
import { samplePlan, temporaryFolder } from '../sample-run.ts';

test('a plan is read as it was written', async () => {
  const paths = runPaths(await temporaryFolder(), 'r');
  for (const [name, plan] of [
    ['r1', samplePlan()],
    ['r2', samplePlan({ kv: null, features: { select: null, bindings: [] } })],
  ] as const) {
    const own = runPaths(paths.folder, name);
    await writePlan(own, plan);
    expect(await readPlan(own.plan)).toEqual(plan);
    expect(await readdir(own.folder)).toEqual(['plan.json']);
  }
});

test('a plan that a secret stands in is for its owner and the group alone', async () => {
  const folder = await temporaryFolder();
  const mask = (text: string): string => text.replaceAll('sales', '***');
  await writePlan(runPaths(folder, 'secret'), samplePlan(), mask);
  await writePlan(runPaths(folder, 'open'), samplePlan(), (text) => text.replaceAll('hunter22', '***'));
  const others = async (run: string) => (await stat(runPaths(folder, run).plan)).mode & 0o007;
  expect(await others('secret')).toBe(0);
  expect(await others('open')).toBe(0o006 & ~process.umask());
  expect(await readPlan(runPaths(folder, 'secret').plan)).toEqual(samplePlan());
});

test('a plan never changes once written', async () => {
  const paths = runPaths(await temporaryFolder(), 'r');
  await writePlan(paths, samplePlan());
  await expect(writePlan(paths, samplePlan({ batchSize: 8 }))).rejects.toThrow(/exists already/);
  expect((await readPlan(paths.plan)).batchSize).toBe(4);
});

test('a plan from before there were layouts has that of its time', async () => {
  const path = join(await temporaryFolder(), 'plan.json');
  const plan = samplePlan();
  await writeFile(path, JSON.stringify({ ...plan, kv: { ...plan.kv, layout: undefined } }));
  expect((await readPlan(path)).kv).toEqual({ ...plan.kv, layout: 'hash' });
});

test('a plan from before there were devices is for the CPU', async () => {
  const path = join(await temporaryFolder(), 'plan.json');
  await writeFile(path, JSON.stringify({ ...samplePlan(), device: undefined }));
  expect(await readPlan(path)).toEqual(samplePlan());
});

const text = JSON.stringify(samplePlan());
test.each([
  ['half a file', text.slice(0, 100), 'INPUT_UNREADABLE', /cannot be read .*--no-resume/],
  ['nothing', '', 'INPUT_UNREADABLE', /cannot be read/],
  [
    'another version',
    JSON.stringify({ ...samplePlan(), formatVersion: 2 }),
    'INPUT_UNREADABLE',
    /format version 2; .* reads version 1/,
  ],
  [
    'a missing field',
    JSON.stringify({ ...samplePlan(), model: { path: 'm' } }),
    'INPUT_UNREADABLE',
    /\(model\.sha256: /,
  ],
  ['an unknown field', JSON.stringify({ ...samplePlan(), seed: 1 }), 'INPUT_UNREADABLE', /seed/],
])('a plan with %s is refused, with the reason and the way out', async (_, content, code, message) => {
  const path = join(await temporaryFolder(), 'plan.json');
  await writeFile(path, content);
  await expect(readPlan(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(await readFile(path, 'utf8')).toBe(content);
});

test('a plan that is not there is named', async () => {
  const path = join(await temporaryFolder(), 'plan.json');
  await expect(readPlan(path)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining(path),
  });
});
