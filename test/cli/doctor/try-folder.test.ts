import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nearestFolder, tryFolder } from '../../../src/cli/doctor/try-folder.ts';
import { temporaryFolder } from '../../support/project.ts';

it('a folder of this machine holds a lock, and is left as it was', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'kept'), '');
  expect(await tryFolder(folder)).toEqual({ isExclusive: true, hasHardLinks: true });
  expect(await readdir(folder)).toEqual(['kept']);
});

it('a folder that cannot be written throws', async () => {
  // Not even root can make files there.
  await expect(tryFolder('/proc')).rejects.toThrow(/ENOENT|EACCES|EPERM/);
});

it('finds where a folder would be made', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'a'));
  expect(await nearestFolder(join(folder, 'a/b/c'))).toBe(join(folder, 'a'));
  expect(await nearestFolder(join(folder, 'a'))).toBe(join(folder, 'a'));
  await writeFile(join(folder, 'a/file'), '');
  await expect(nearestFolder(join(folder, 'a/file/b'))).rejects.toThrow('lies below a file');
});
