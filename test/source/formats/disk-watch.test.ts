import { expect, it } from 'vitest';
import { whileSpaceLasts } from '../../../src/source/formats/disk-watch.ts';

const GB = 1e9;

/** Work that goes on until it is interrupted. */
function endless(): { readonly work: () => Promise<never>; readonly interrupt: () => void } {
  let interrupt = (): void => {};
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Error('INTERRUPT Error: Interrupted!'));
  });
  return { work: () => interrupted, interrupt: () => interrupt() };
}

it('ends the work, and says why, before the disk is full', async () => {
  const space = [GB, GB, 1e6];
  const { work, interrupt } = endless();
  const freeBytes = async (): Promise<number> => space.shift() ?? 1e6;
  await expect(
    whileSpaceLasts({ folder: '/data/run', interrupt, freeBytes, everyMs: 1 }, work),
  ).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringContaining('The disk of /data/run has less than 67.1 MB left'),
  });
});

it('leaves errors of the work as they are', async () => {
  const watch = { folder: '.', interrupt: () => {}, freeBytes: async () => GB, everyMs: 1 };
  await expect(whileSpaceLasts(watch, () => Promise.reject(new Error('bad row')))).rejects.toThrow('bad row');
  expect(await whileSpaceLasts(watch, async () => 7)).toBe(7);
});

it('does not watch a disk that is as good as full before', async () => {
  const watch = {
    folder: '.',
    interrupt: () => expect.unreachable(),
    freeBytes: async () => 1e6,
    everyMs: 1,
  };
  expect(await whileSpaceLasts(watch, async () => 7)).toBe(7);
});
