import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Clock, systemClock } from '../../../src/core/effects.ts';
import { locksFolder } from '../../../src/runs/layout.ts';
import { acquireLock, type JobLock, readHolder } from '../../../src/runs/lock/lock.ts';
import { claimPath, type LockHolder } from '../../../src/runs/lock/lock-claim.ts';
import { SIGN_OF_LIFE_MS, SILENCE_MS } from '../../../src/runs/lock/lock-holder.ts';
import { temporaryFolder } from '../sample-run.ts';

async function acquire(job: string, clock: Clock = systemClock): Promise<JobLock> {
  const lock = await acquireLock(job, { clock });
  onTestFinished(() => lock.release());
  return lock;
}

/** Makes the newest claim look like that of another holder, last heard of so many milliseconds ago. */
async function pretend(
  job: string,
  lock: JobLock,
  changes: Partial<LockHolder>,
  silentMs = 0,
): Promise<void> {
  const path = claimPath(locksFolder(job), lock.token);
  const claim: object = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...claim, ...changes }));
  await heard(path, silentMs);
}

async function heard(path: string, silentMs: number): Promise<void> {
  const at = new Date(Date.now() - silentMs);
  await utimes(path, at, at);
}

describe('a lock', () => {
  test('is held by one at a time, also within one process', async () => {
    const job = await temporaryFolder();
    const lock = await acquire(job);
    await lock.assertHeld();
    await expect(acquireLock(job, { clock: systemClock })).rejects.toMatchObject({
      code: 'LOCKED',
      exitCode: 6,
    });
    await lock.release();
    const next = await acquire(job);
    expect(next.token).toBe(lock.token + 1);
    expect(next.lineage).toBe(lock.lineage);
  });

  test('that is taken names its holder, and what to do', async () => {
    const job = `${await temporaryFolder()}/sales`;
    const lock = await acquireLock(job, { clock: systemClock, command: 'serve-batch run sales' });
    onTestFinished(() => lock.release());
    await lock.setRun('20261121T000000Z-k3x9');
    const holder = await readHolder(job);
    expect(holder).toMatchObject({ runPid: process.pid, command: 'serve-batch run sales' });
    await expect(acquireLock(job, { clock: systemClock })).rejects.toMatchObject({
      message: `Job "sales" is being run by process ${process.pid} on ${holder?.host} since ${holder?.since} (serve-batch run sales). Wait until it ends, or end it (kill ${process.pid}); then run the same command again.`,
      fields: { pid: process.pid, host: holder?.host, runId: '20261121T000000Z-k3x9' },
    });
  });

  test('can be released twice, and is not held any more', async () => {
    const job = await temporaryFolder();
    const lock = await acquire(job);
    await lock.release();
    await lock.release();
    expect(await readHolder(job)).toBeUndefined();
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'FENCED' });
  });

  test('of a job that never ran is held by nobody', async () => {
    expect(await readHolder(`${await temporaryFolder()}/sales`)).toBeUndefined();
  });

  test('leaves a bounded number of files behind, and never hands out a token twice', async () => {
    const job = await temporaryFolder();
    const tokens: number[] = [];
    for (let round = 0; round < 20; round++) {
      const lock = await acquire(job);
      tokens.push(lock.token);
      await lock.release();
    }
    expect(tokens).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const files = await readdir(locksFolder(job));
    expect(files.length).toBeLessThanOrEqual(10);
    expect(files).toContain('00000020.json');
  });

  test('is never held twice, however many want it', async () => {
    const job = await temporaryFolder();
    const tokens: number[] = [];
    let holders = 0;
    const compete = async (): Promise<void> => {
      for (let won = 0; won < 5; ) {
        let lock: JobLock;
        try {
          lock = await acquireLock(job, { clock: systemClock });
        } catch (error) {
          expect(error).toMatchObject({ code: 'LOCKED' });
          continue;
        }
        won++;
        holders++;
        expect(holders).toBe(1);
        tokens.push(lock.token);
        await lock.assertHeld();
        holders--;
        await lock.release();
      }
    };
    await Promise.all(Array.from({ length: 6 }, compete));
    expect(tokens).toHaveLength(30);
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
  });

  test('starts a new lineage in a folder that was deleted', async () => {
    const job = await temporaryFolder();
    const lock = await acquire(job);
    await rm(locksFolder(job), { recursive: true });
    const next = await acquire(job);
    expect(next.lineage).not.toBe(lock.lineage);
  });

  test('mends a lineage that a crash left empty', async () => {
    const job = await temporaryFolder();
    await mkdir(locksFolder(job));
    await writeFile(`${locksFolder(job)}/lineage`, '');
    const lock = await acquire(job);
    expect(lock.lineage).toMatch(/^[0-9a-f]{32}$/);
    await lock.release();
    expect((await acquire(job)).lineage).toBe(lock.lineage);
  });
});

describe('a holder counts as', () => {
  const nobody = 2 ** 30;
  const dayMs = 86_400_000;
  const cases: readonly (readonly ['dead' | 'alive', string, Partial<LockHolder>, number])[] = [
    ['alive', 'it runs here, however silent', {}, dayMs],
    ['dead', 'no process of its number runs here', { runPid: nobody }, 0],
    ['dead', 'its number belongs to a later process', { startTicks: 1 }, 0],
    ['alive', 'its start is not known', { startTicks: null }, dayMs],
    ['alive', 'it gave a sign on another machine', { host: 'elsewhere', runPid: nobody }, 0],
    ['alive', 'it was silent for a while on another machine', { host: 'elsewhere' }, SILENCE_MS - 10_000],
    ['dead', 'it was silent for long on another machine', { host: 'elsewhere' }, SILENCE_MS + 10_000],
    ['alive', 'it gave a sign in another container', { pidNamespace: 'pid:[1]', runPid: nobody }, 0],
    ['dead', 'it was silent for long in another container', { pidNamespace: 'pid:[1]' }, SILENCE_MS + 10_000],
    ['dead', 'this machine was started anew since', { bootId: 'earlier' }, 400 * dayMs],
    ['alive', 'another machine of the same name gave a sign', { bootId: 'other', runPid: nobody }, 0],
  ];
  test.each(cases)('%s: %s', async (expected, _, changes, silentMs) => {
    const job = await temporaryFolder();
    const lock = await acquire(job);
    await pretend(job, lock, changes, silentMs);
    if (expected === 'alive') {
      expect(await readHolder(job)).toMatchObject(changes);
      await expect(acquire(job)).rejects.toMatchObject({ code: 'LOCKED' });
    } else {
      expect(await readHolder(job)).toBeUndefined();
      expect((await acquire(job)).token).toBe(lock.token + 1);
    }
  });

  test('whoever is elsewhere is told with the last sign of life', async () => {
    const job = await temporaryFolder();
    await pretend(job, await acquire(job), { host: 'elsewhere' });
    await expect(acquire(job)).rejects.toThrow(
      /on elsewhere .* 60 s after its last sign of life, which was at 20/,
    );
  });

  test('a claim that a crash left empty holds for a while only', async () => {
    const job = await temporaryFolder();
    const lock = await acquire(job);
    const path = claimPath(locksFolder(job), lock.token);
    await truncate(path);
    await expect(acquire(job)).rejects.toMatchObject({ code: 'LOCKED' });
    await heard(path, SILENCE_MS + 10_000);
    expect((await acquire(job)).token).toBe(lock.token + 1);
  });
});

describe('a last sign of life that lies ahead', () => {
  const hourMs = 3_600_000;
  const elsewhere: readonly (readonly [string, Partial<LockHolder>])[] = [
    ['of another machine', { host: 'elsewhere' }],
    ['of this machine before it was started anew', { bootId: 'earlier' }],
    ['of another container', { pidNamespace: 'pid:[1]' }],
  ];

  test.each(elsewhere)('%s holds for no longer than it takes to give another', async (_, changes) => {
    const job = await temporaryFolder();
    const lock = await acquire(job);
    await pretend(job, lock, changes, -hourMs);
    expect(await readHolder(job)).toBeUndefined();
    const waits: number[] = [];
    const sleep = async (ms: number): Promise<void> => void waits.push(ms);
    const next = await acquireLock(job, { clock: systemClock, sleep });
    onTestFinished(() => next.release());
    expect(next.token).toBe(lock.token + 1);
    expect(waits).toEqual([2.5 * SIGN_OF_LIFE_MS]);
  });

  test.each(elsewhere)('%s holds where the holder gives another', async (_, changes) => {
    const job = await temporaryFolder();
    const lock = await acquire(job);
    await pretend(job, lock, changes, -hourMs);
    const sleep = (): Promise<void> => heard(claimPath(locksFolder(job), lock.token), -hourMs - 20_000);
    await expect(acquireLock(job, { clock: systemClock, sleep })).rejects.toMatchObject({ code: 'LOCKED' });
  });

  test('by less than a minute is a clock that is a little ahead', async () => {
    const job = await temporaryFolder();
    await pretend(job, await acquire(job), { host: 'elsewhere' }, -30_000);
    await expect(acquire(job)).rejects.toMatchObject({ code: 'LOCKED' });
  });
});

test('a holder gives signs of life until it lets go', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const job = await temporaryFolder();
  let now = Date.parse('2026-11-21T00:00:00Z');
  const lock = await acquire(job, { now: () => new Date(now), monotonicMs: () => 0 });
  const path = claimPath(locksFolder(job), lock.token);
  const lastSign = async (): Promise<number> => (await stat(path)).mtimeMs;
  for (let sign = 0; sign < 3; sign++) {
    now += SIGN_OF_LIFE_MS;
    vi.advanceTimersByTime(SIGN_OF_LIFE_MS);
    while ((await lastSign()) !== now) await nextTurn();
  }
  await lock.release();
  expect(vi.getTimerCount()).toBe(0);
});

describe('a holder that was asleep for too long', () => {
  test('learns that another took over, and leaves the other alone', async () => {
    const job = await temporaryFolder();
    const sleeper = await acquire(job);
    await pretend(job, sleeper, { host: 'elsewhere' }, SILENCE_MS + 10_000);
    const other = await acquire(job);
    expect(other.token).toBeGreaterThan(sleeper.token);
    await expect(sleeper.assertHeld()).rejects.toMatchObject({
      code: 'FENCED',
      message: expect.stringContaining(`process ${process.pid}`),
      fields: { token: sleeper.token, newestToken: other.token },
    });
    await expect(sleeper.setRun('20261121T000000Z-k3x9')).rejects.toMatchObject({ code: 'FENCED' });
    await sleeper.release();
    expect(await readFile(claimPath(locksFolder(job), sleeper.token), 'utf8')).toContain('elsewhere');
    await other.assertHeld();
    expect(await readHolder(job)).toMatchObject({ runPid: process.pid, runId: null });
  });

  test('learns it also where the output folder was deleted', async () => {
    const job = await temporaryFolder();
    const lock = await acquire(job);
    await rm(locksFolder(job), { recursive: true });
    await expect(lock.assertHeld()).rejects.toMatchObject({
      code: 'FENCED',
      message: expect.stringContaining('gone'),
    });
    await lock.release();
  });
});
