import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { silentLog, systemClock } from '../../src/core/effects.ts';
import type { Fence, KvStore } from '../../src/kv/store.ts';
import { dropOldGenerations, publishRun } from '../../src/publish/publish-run.ts';
import { locksFolder, runPaths } from '../../src/runs/layout.ts';
import { acquireLock, type JobLock } from '../../src/runs/lock/lock.ts';
import { claimPath } from '../../src/runs/lock/lock-claim.ts';
import { writePlan } from '../../src/runs/plan/plan-file.ts';
import { markPublished, readCurrent } from '../../src/runs/publication.ts';
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
  const about = { folderOfJob, lock, clock: systemClock, log: silentLog };
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

describe('dropping old generations', () => {
  const old = (day: number): string => `2026110${day}T000000Z-aaaa`;

  it('keeps those that were published last by their tokens, among those that the store holds', async () => {
    for (const [day, at] of [
      [1, '2031-01-01'],
      [2, '2026-11-02'],
      [3, '2026-11-03'],
    ] as const) {
      await writePlan(runPaths(folderOfJob, old(day)), samplePlan({ runId: old(day) }));
      await markPublished(runPaths(folderOfJob, old(day)), { at: new Date(at), token: day });
    }
    const dropped: [string, Fence][] = [];
    const held = [old(1), old(2), old(3), '20261109T000000Z-half', plan.runId];
    await dropOldGenerations(
      request({
        generations: async () => held,
        drop: async (generation, fence) => void dropped.push([generation, fence]),
      }),
    );
    expect(dropped.map(([generation]) => generation)).toEqual([old(1), old(2), '20261109T000000Z-half']);
    expect(dropped[0]?.[1]).toEqual({ lineage: lock.lineage, token: lock.token });
  });
});
