import { expect, it } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { fenceWithoutLock } from '../../../src/runs/lock/fence-without-lock.ts';
import { acquireLock } from '../../../src/runs/lock/lock.ts';
import { temporaryFolder } from '../sample-run.ts';

it('a process without the lock shows the token of whoever let go of it last, and never that of its holder', async () => {
  const folderOfJob = await temporaryFolder();
  const first = await acquireLock(folderOfJob, { clock: systemClock });
  await first.release();
  const task = await fenceWithoutLock(folderOfJob, systemClock);
  expect(task).toEqual({ lineage: first.lineage, token: first.token });
  const second = await acquireLock(folderOfJob, { clock: systemClock });
  expect(await fenceWithoutLock(folderOfJob, systemClock)).toEqual(task);
  expect(second.token).toBeGreaterThan(task.token);
  await second.release();
});
