import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/effects.ts';
import type { KvStore } from '../../src/kv/store.ts';
import { publishRun } from '../../src/publish/publish-run.ts';
import { locksFolder, runPaths } from '../../src/runs/layout.ts';
import { acquireLock, type JobLock } from '../../src/runs/lock/lock.ts';
import { claimPath } from '../../src/runs/lock/lock-claim.ts';
import { writePlan } from '../../src/runs/plan/plan-file.ts';
import { readCurrent } from '../../src/runs/publication.ts';
import { samplePlan, temporaryFolder } from '../runs/sample-run.ts';

const plan = samplePlan();
let folderOfJob: string;
let lock: JobLock;

beforeEach(async () => {
  folderOfJob = join(await temporaryFolder(), 'sales');
  lock = await acquireLock(folderOfJob, { clock: systemClock });
  onTestFinished(() => lock.release());
  await writePlan(runPaths(folderOfJob, plan.runId), plan);
});

/** As another machine that found this process silent. */
async function takeOver(): Promise<void> {
  const locks = locksFolder(folderOfJob);
  const claim = JSON.parse(await readFile(claimPath(locks, lock.token), 'utf8'));
  await writeFile(claimPath(locks, lock.token + 1), JSON.stringify({ ...claim, host: 'elsewhere' }));
}

function request(store: Partial<KvStore>) {
  const about = { folderOfJob, lock, clock: systemClock };
  return { ...about, plan, paths: runPaths(folderOfJob, plan.runId), store: store as KvStore };
}

it('whose lock is lost just after the flip says what the store shows', async () => {
  const publishing = publishRun(request({ url: 'redis://cache:6379', publish: takeOver }));
  await expect(publishing).rejects.toMatchObject({
    code: 'FENCED',
    message: expect.stringContaining(
      `redis://cache:6379 shows run ${plan.runId}; the output folder does not.`,
    ),
  });
  expect(await readCurrent(folderOfJob)).toBeUndefined();
});

it('whose lock is lost after its single file was replaced says so', async () => {
  await takeOver();
  await expect(publishRun(request({}), 'out/sales.parquet')).rejects.toMatchObject({
    code: 'FENCED',
    message: expect.stringContaining(
      `out/sales.parquet holds run ${plan.runId} already; nothing else was published.`,
    ),
  });
  expect(await readCurrent(folderOfJob)).toBeUndefined();
});
