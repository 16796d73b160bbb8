import { rename, utimes } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { loadWhenChanged } from '../../src/serving/load-when-changed.ts';
import { makeProject } from '../support/project.ts';

it('job files are read again when they have changed, and not otherwise', async () => {
  const project = await makeProject({ fixtures: false, jobs: { a: 'one', b: 'two' } });
  let loads = 0;
  let aheadMs = 10_000;
  const load = loadWhenChanged({
    folder: project.folder,
    clock: { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() },
    load: async () => {
      loads++;
      return { sources: [], problems: [] };
    },
  });
  const loadsAfter = async (change: () => Promise<unknown>): Promise<number> => {
    await change();
    const before = loads;
    await load();
    return loads - before;
  };
  const nothing = async (): Promise<void> => {};
  expect(await loadsAfter(nothing)).toBe(1);
  expect(await loadsAfter(nothing)).toBe(0);
  expect(await loadsAfter(() => project.write('jobs/a.yaml', 'uno'))).toBe(1);
  expect(await loadsAfter(nothing)).toBe(0);
  expect(await loadsAfter(() => project.write('jobs/c.yaml', 'x'))).toBe(1);
  expect(await loadsAfter(() => rename(project.path('jobs/c.yaml'), project.path('jobs/d.yaml')))).toBe(1);
  expect(await loadsAfter(() => utimes(project.path('jobs/a.yaml'), 1, 1))).toBe(1);
  expect(await loadsAfter(() => project.write('notes.txt', 'x'))).toBe(0);
  // A file that is this new may change again within the same tick of its clock.
  aheadMs = 0;
  expect(await loadsAfter(() => project.write('jobs/a.yaml', 'due'))).toBe(1);
  expect(await loadsAfter(nothing)).toBe(1);
});
