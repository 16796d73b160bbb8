import { readdir } from 'node:fs/promises';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import * as durable from '../../../src/core/files/durable-file.ts';
import { locksFolder } from '../../../src/runs/layout.ts';
import { acquireLock, type JobLock, readHolder } from '../../../src/runs/lock/lock.ts';
import * as exclusive from '../../../src/storage/local/exclusive-file.ts';
import { temporaryFolder } from '../sample-run.ts';

vi.mock('../../../src/core/files/durable-file.ts', { spy: true });
vi.mock('../../../src/storage/local/exclusive-file.ts', { spy: true });
beforeEach(() => void vi.resetAllMocks());

async function acquire(job: string): Promise<JobLock> {
  const lock = await acquireLock(job, { clock: systemClock });
  onTestFinished(() => lock.release());
  return lock;
}

test('a process that was held up before it claimed does not get a number that is free again', async () => {
  const job = await temporaryFolder();
  const { createFileExclusively } = await vi.importActual<typeof exclusive>(
    '../../../src/storage/local/exclusive-file.ts',
  );
  let holder: JobLock | undefined;
  vi.mocked(exclusive.createFileExclusively).mockImplementationOnce(async (path, content) => {
    // Between its look at the folder and its claim, others take and release the lock many times.
    for (let round = 0; round < 20; round++) await (await acquire(job)).release();
    holder = await acquire(job);
    return createFileExclusively(path, content);
  });
  await expect(acquire(job)).rejects.toMatchObject({ code: 'LOCKED' });
  await holder?.assertHeld();
  expect(await readdir(locksFolder(job))).not.toContain('00000001.json');
});

test('a full disk does not keep a lock from being released', async () => {
  const job = await temporaryFolder();
  const lock = await acquire(job);
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  vi.mocked(durable.writeFileDurably).mockRejectedValueOnce(full);
  await lock.release();
  expect(durable.writeFileDurably).toHaveBeenCalledOnce();
  expect(await readHolder(job)).toBeUndefined();
  expect((await acquire(job)).token).toBe(lock.token + 1);
});

test('a lock whose lineage cannot be written is let go', async () => {
  const job = await temporaryFolder();
  const { createFileExclusively } = await vi.importActual<typeof exclusive>(
    '../../../src/storage/local/exclusive-file.ts',
  );
  vi.mocked(exclusive.createFileExclusively)
    .mockImplementationOnce(createFileExclusively)
    .mockRejectedValueOnce(new Error('no lineage'));
  await expect(acquire(job)).rejects.toThrow('no lineage');
  expect((await acquire(job)).token).toBe(2);
});
