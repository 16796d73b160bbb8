import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { createFileExclusively } from '../../../src/storage/local/exclusive-file.ts';
import { temporaryFolder } from '../../runs/sample-run.ts';

vi.mock('node:fs/promises', { spy: true });
beforeEach(() => void vi.resetAllMocks());

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test.each([
  ['with hard links', undefined],
  ['without hard links', 'EPERM'],
])('of many that create a file %s one succeeds, and nothing else stays', async (_, code) => {
  if (code !== undefined) vi.mocked(fs.link).mockRejectedValue(failure(code));
  const folder = await temporaryFolder();
  const path = join(folder, 'file');
  const created = await Promise.all(
    Array.from({ length: 20 }, (_, index) => createFileExclusively(path, `${index}`)),
  );
  expect(created.filter((each) => each)).toHaveLength(1);
  expect(await fs.readFile(path, 'utf8')).toBe(`${created.indexOf(true)}`);
  expect(await fs.readdir(folder)).toEqual(['file']);
});

test('a link that was made, but whose answer was lost, is ours', async () => {
  const { link } = await vi.importActual<typeof fs>('node:fs/promises');
  vi.mocked(fs.link).mockImplementationOnce(async (from, to) => {
    await link(from, to);
    throw failure('EEXIST');
  });
  const path = join(await temporaryFolder(), 'file');
  expect(await createFileExclusively(path, 'content')).toBe(true);
  expect(await fs.readFile(path, 'utf8')).toBe('content');
});

test('any other failure is told, and leaves nothing', async () => {
  vi.mocked(fs.link).mockRejectedValueOnce(failure('EIO'));
  const folder = await temporaryFolder();
  await expect(createFileExclusively(join(folder, 'file'), 'content')).rejects.toMatchObject({ code: 'EIO' });
  expect(await fs.readdir(folder)).toEqual([]);
});
