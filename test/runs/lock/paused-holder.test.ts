import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { fenceOf } from '../../../src/publish/publish-run.ts';
import { locksFolder } from '../../../src/runs/layout.ts';
import { acquireLock, type JobLock } from '../../../src/runs/lock/lock.ts';
import { claimPath } from '../../../src/runs/lock/lock-claim.ts';
import { readCurrent, setCurrent } from '../../../src/runs/publication.ts';
import { INFO, stage } from '../../kv/store-contract.ts';
import { assertBuilt, REPOSITORY } from '../../support/built.ts';
import type { KvRow } from '../../support/kv-batch.ts';
import { startRedis } from '../../support/redis-server.ts';
import { temporaryFolder } from '../sample-run.ts';

const MINE = '20261121T000000Z-mine';
const PAUSED = '20261121T000000Z-late';
const SCRIPT = fileURLToPath(new URL('./paused-holder.mjs', import.meta.url));

/** Another process, which holds the lock, has come to `step` of its publishing, and is stopped there. */
async function pausedAt(step: string, folderOfJob: string, storeUrl: string) {
  assertBuilt();
  const holder = fork(SCRIPT, [join(REPOSITORY, 'dist'), folderOfJob, storeUrl, PAUSED, step]);
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder, 'message');
  holder.kill('SIGSTOP');
  return {
    /** What becomes of it once it is continued. */
    async goesOn(): Promise<unknown> {
      const answer = once(holder, 'message');
      holder.kill('SIGCONT');
      holder.send('go on');
      return (await answer)[0];
    },
  };
}

/** Takes the lock as on another machine, where nothing was heard of its holder for two minutes. */
async function takeOver(folderOfJob: string): Promise<JobLock> {
  const locks = locksFolder(folderOfJob);
  const [newest = ''] = readdirSync(locks)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .reverse();
  const path = claimPath(locks, Number.parseInt(newest, 10));
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), host: 'elsewhere' }));
  const silent = new Date(Date.now() - 120_000);
  await utimes(path, silent, silent);
  const lock = await acquireLock(folderOfJob, { clock: systemClock });
  onTestFinished(() => lock.release());
  return lock;
}

it.each([
  ['before the flip', 'flip'],
  ['between the last look at the lock and the new name in current', 'current'],
  ['between the flip and dropping the generation of its successor', 'drop'],
])(
  'a holder that is stopped %s, and continued after its successor has published, changes nothing',
  async (_, step) => {
    const folderOfJob = join(await temporaryFolder(), 'sales');
    const storeUrl = `lmdb:${join(folderOfJob, 'kv')}`;
    const holder = await pausedAt(step, folderOfJob, storeUrl);

    const lock = await takeOver(folderOfJob);
    const store = openStore({ url: storeUrl, job: 'sales' });
    onTestFinished(() => store.close());
    await store.claim(fenceOf(lock));
    await store.describe(MINE, { ...INFO, runId: MINE }, fenceOf(lock));
    await store.publish(MINE, fenceOf(lock));
    await setCurrent(folderOfJob, MINE, {
      token: lock.token,
      replace: (path, content) => lock.replaceFile(path, content),
    });

    expect(await holder.goesOn()).toBe('FENCED');
    expect(await store.current()).toBe(MINE);
    expect(await store.generations()).toContain(MINE);
    expect(await readCurrent(folderOfJob)).toBe(MINE);
    await lock.assertHeld();
  },
);

it('a holder that is stopped while it loads older values again, and continued once its successor has published newer ones, writes none of them', async () => {
  const folderOfJob = join(await temporaryFolder(), 'sales');
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const holder = await pausedAt('load', folderOfJob, redis.url);

  const lock = await takeOver(folderOfJob);
  const fence = fenceOf(lock);
  const store = openStore({ url: redis.url, job: 'sales' });
  onTestFinished(() => store.close());
  const rows = ['first1', 'second1'].map((key): KvRow => [key, 'f', 'newer']);
  await store.claim(fence);
  await stage(store, rows, { generation: PAUSED, fence, shard: 1 });
  await store.describe(PAUSED, INFO, fence);
  await store.publish(PAUSED, fence);

  expect(await holder.goesOn()).toBe('FENCED');
  for (const [key, field] of rows) expect(await store.get(PAUSED, key, field)).toBe('newer');
  expect(await store.get(PAUSED, 'second2', 'f')).toBeUndefined();
  expect((await store.stagedShards(PAUSED)).has(0)).toBe(false);
});

it('only the holder changes what readers see, also where its folder of the lock was cleared away', async () => {
  const folderOfJob = await temporaryFolder();
  const first = await acquireLock(folderOfJob, { clock: systemClock });
  await setCurrent(folderOfJob, PAUSED, {
    token: first.token,
    replace: (path, content) => first.replaceFile(path, content),
  });
  expect(await readCurrent(folderOfJob)).toBe(PAUSED);
  await first.release();
  const late = setCurrent(folderOfJob, MINE, {
    token: first.token,
    replace: (path, content) => first.replaceFile(path, content),
  });
  await expect(late).rejects.toMatchObject({ code: 'FENCED' });
  expect(readdirSync(locksFolder(folderOfJob)).filter((name) => name.includes('held'))).toEqual([]);
});
