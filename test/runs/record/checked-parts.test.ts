import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, it, vi } from 'vitest';
import { makeFolder } from '../../../src/core/files/durable-file.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { checkPartContent } from '../../../src/runs/record/check-parts.ts';
import { CheckedParts } from '../../../src/runs/record/checked-parts.ts';
import { temporaryFolder } from '../../support/project.ts';

vi.mock('../../../src/runs/record/check-parts.ts', () => ({ checkPartContent: vi.fn() }));

it('a part is compared with its record once, and again when somebody has touched it', async () => {
  const paths = runPaths(await temporaryFolder(), '20261121T000000Z-test');
  await makeFolder(dirname(paths.part(0)));
  await writeFile(paths.part(0), 'part');
  const check = vi.mocked(checkPartContent);
  const parts = new CheckedParts();
  const { signal } = new AbortController();
  const times = async (): Promise<number> => {
    await parts.check(paths, 0, signal);
    return check.mock.calls.length;
  };
  check.mockRejectedValueOnce(new Error('damaged'));
  await expect(times()).rejects.toThrow('damaged');
  expect([await times(), await times()]).toEqual([2, 2]);
  await writeFile(paths.part(0), await readFile(paths.part(0)));
  expect([await times(), await times()]).toEqual([3, 3]);
  await appendFile(paths.part(0), '!');
  expect(await times()).toBe(4);
});
