import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type RunPaths, runPaths } from '../../src/runs/layout.ts';
import {
  clearRolledBack,
  markPublished,
  markRolledBack,
  readCurrent,
  readPublication,
  setCurrent,
  wasPublished,
  wasRolledBack,
} from '../../src/runs/publication.ts';
import { temporaryFolder } from './sample-run.ts';

const runId = '20261121T000000Z-k3x9';

async function runFolder(): Promise<RunPaths> {
  const paths = runPaths(await temporaryFolder(), runId);
  await mkdir(paths.folder, { recursive: true });
  return paths;
}

test('the pointer is a line of text that any program can read', async () => {
  const job = join(await temporaryFolder(), 'sales');
  expect(await readCurrent(job)).toBeUndefined();
  await setCurrent(job, runId);
  expect(await readFile(join(job, 'current'), 'utf8')).toBe(`${runId}\n`);
  expect(await readCurrent(job)).toBe(runId);
  await setCurrent(job, '20261122T000000Z-aaaa');
  expect(await readCurrent(job)).toBe('20261122T000000Z-aaaa');
});

test.each(['', '../../elsewhere', 'latest'])('a pointer that holds %j points nowhere', async (content) => {
  const job = await temporaryFolder();
  await writeFile(join(job, 'current'), content);
  expect(await readCurrent(job)).toBeUndefined();
});

test('a publication is noted with its time and token; the last one counts', async () => {
  const paths = await runFolder();
  expect(await wasPublished(paths)).toBe(false);
  await markPublished(paths, { at: new Date('2026-11-21T01:00:00Z'), token: 3 });
  expect(await wasPublished(paths)).toBe(true);
  await markPublished(paths, { at: new Date('2026-11-22T01:00:00Z'), token: 4 });
  expect(await readPublication(paths)).toEqual({ at: '2026-11-22T01:00:00.000Z', token: 4 });
});

test('a rollback is noted until the run is published again', async () => {
  const paths = await runFolder();
  expect(await wasRolledBack(paths)).toBe(false);
  await markRolledBack(paths, { at: new Date('2026-11-21T01:00:00Z') });
  expect(await wasRolledBack(paths)).toBe(true);
  await clearRolledBack(paths);
  await clearRolledBack(paths);
  expect(await wasRolledBack(paths)).toBe(false);
});
