import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { ServeBatchError } from '../../../src/core/errors.ts';
import { locksFolder } from '../../../src/runs/layout.ts';
import type { JobLock } from '../../../src/runs/lock/lock.ts';
import { claimPath } from '../../../src/runs/lock/lock-claim.ts';
import { underLock } from '../../../src/runs/lock/under-lock.ts';
import { temporaryFolder } from '../sample-run.ts';

const folder = async (): Promise<string> => join(await temporaryFolder(), 'sales');
const gone = (): never => {
  throw new ServeBatchError('OUTPUT_UNWRITABLE', 'A file is gone.');
};

/** As another machine that found this process silent. */
async function takeOver(folderOfJob: string, { token }: JobLock): Promise<void> {
  const locks = locksFolder(folderOfJob);
  const claim = JSON.parse(await readFile(claimPath(locks, token), 'utf8'));
  await writeFile(claimPath(locks, token + 1), JSON.stringify({ ...claim, host: 'elsewhere' }));
}

it('says that the lock was lost, where its successor is the reason of a failure', async () => {
  const job = await folder();
  const lost = underLock(job, { clock: systemClock }, async (lock) => {
    await takeOver(job, lock);
    gone();
  });
  await expect(lost).rejects.toMatchObject({
    code: 'FENCED',
    message: expect.stringMatching(
      /took over job "sales".*What this one was at then failed: A file is gone\./,
    ),
  });
});

it('leaves a failure as it is where the lock is held, and releases it', async () => {
  const job = await folder();
  await expect(underLock(job, { clock: systemClock }, async () => gone())).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
  });
  expect(await underLock(job, { clock: systemClock }, async ({ token }) => token)).toBe(2);
});
