import { rm, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { readTakenFiles, writeTakenFiles } from '../../../src/runs/incremental/taken-files.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { temporaryFolder } from '../sample-run.ts';

const RUN = '20261121T000000Z-k3x9';
const FILES = [{ path: '/in/a.csv', bytes: 10, modifiedMs: 1_700_000_000_000.25 }];

it('the taken files are read back as they were, fractions of milliseconds included', async () => {
  const paths = runPaths(await temporaryFolder(), RUN);
  await writeTakenFiles(paths, FILES);
  expect(await readTakenFiles(paths)).toEqual(FILES);
});

it.each([
  ['is missing', null],
  ['cannot be read', '{"formatVersion": 1, "fil'],
  ['cannot be read', '{"formatVersion": 1, "files": [{"path": "/in/a.csv"}]}'],
])('a list that %s is no empty list: everything would be taken again', async (says, content) => {
  const paths = runPaths(await temporaryFolder(), RUN);
  await writeTakenFiles(paths, FILES);
  if (content === null) await rm(paths.taken);
  else await writeFile(paths.taken, content);
  await expect(readTakenFiles(paths)).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringMatching(new RegExp(`taken\\.json ${says}.*--full`)),
  });
});
