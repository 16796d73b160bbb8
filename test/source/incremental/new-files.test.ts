import { rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SourceFile } from '../../../src/core/table.ts';
import { chooseNewFiles, takenAfter } from '../../../src/source/incremental/new-files.ts';
import { temporaryFolder } from '../../support/project.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const file = (name: string, ageSeconds = 3600, bytes = 10): SourceFile => ({
  path: `/in/${name}`,
  bytes,
  modifiedMs: NOW.getTime() - ageSeconds * 1000,
});
const TAKEN = [file('a.csv'), file('b.csv')];

function choose(found: readonly SourceFile[], settleSeconds = 10) {
  const { fresh, changed, settling, old } = chooseNewFiles(found, TAKEN, { now: NOW, settleSeconds });
  const names = (files: readonly SourceFile[]) =>
    files.map(({ path }) => path.slice('/in/'.length)).join(' ');
  return { fresh: names(fresh), changed: names(changed), settling: names(settling), old: names(old) };
}

it.each<[what: string, found: SourceFile, where: string]>([
  ['a file that was taken', file('a.csv'), 'old'],
  ['a new file', file('c.csv'), 'fresh'],
  ['a new file of the age of settle', file('c.csv', 10), 'fresh'],
  ['a new file a moment younger', file('c.csv', 9.999), 'settling'],
  ['a file of the future', file('c.csv', -60), 'settling'],
  ['a file without bytes', file('c.csv', 3600, 0), 'settling'],
  ['a taken file that is being written again', file('a.csv', 3, 20), 'settling'],
])('%s: %s', (_, found, where) => {
  const name = found.path.slice('/in/'.length);
  expect(choose([found])).toEqual({ fresh: '', changed: '', settling: '', old: '', [where]: name });
});

it.each([
  ['size', file('b.csv', 3600, 11)],
  ['time', file('b.csv', 3599)],
])('a file of another %s than it had is taken again, and is said to have changed', (_, found) => {
  expect(choose([found])).toMatchObject({ fresh: 'b.csv', changed: 'b.csv' });
});

it('without settling, a file is taken as soon as it has bytes', () => {
  expect(choose([file('c.csv', 0), file('d.csv', -60), file('e.csv', 0, 0)], 0)).toMatchObject({
    fresh: 'c.csv d.csv',
    settling: 'e.csv',
  });
});

it('new files keep the order they were found in', () => {
  expect(choose([file('z.csv'), file('a.csv'), file('c.csv')])).toMatchObject({
    fresh: 'z.csv c.csv',
    old: 'a.csv',
  });
});

it('what was taken is carried forward as far as it still exists, changed files as they are now', async () => {
  const folder = await temporaryFolder();
  const made: SourceFile[] = [];
  for (const name of ['a.csv', 'b.csv', 'gone.csv', 'new.csv']) {
    const path = join(folder, name);
    await writeFile(path, name);
    await utimes(path, 1_700_000_000, 1_700_000_000);
    const { size, mtimeMs } = await stat(path);
    made.push({ path, bytes: size, modifiedMs: mtimeMs });
  }
  const [a, b, gone, added] = made as [SourceFile, SourceFile, SourceFile, SourceFile];
  await rm(gone.path);
  const changed = { ...b, bytes: 99 };
  expect(await takenAfter([gone, b, a], [added, changed])).toEqual([a, changed, added]);
});
