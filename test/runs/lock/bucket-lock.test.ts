import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { writeFileDurably } from '../../../src/core/files/durable-file.ts';
import { acquireLock, type JobLock, readHolder } from '../../../src/runs/lock/lock.ts';
import { SIGN_OF_LIFE_MS, SILENCE_MS } from '../../../src/runs/lock/lock-holder.ts';
import { type Flip, readCurrent, setCurrent } from '../../../src/runs/publication.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';
import { sampleMirror } from '../mirror/sample-mirror.ts';

const OLD = '20261121T000000Z-aaaa';
const NEW = '20261122T000000Z-bbbb';

/** The job's folder as one machine shows it. */
async function jobOn(storage: MemoryStorage): Promise<string> {
  const { folder } = await sampleMirror(storage);
  const job = join(folder, 'sales');
  await mkdir(job);
  return job;
}

async function acquire(job: string): Promise<JobLock> {
  const lock = await acquireLock(job, { clock: systemClock });
  onTestFinished(() => lock.release());
  return lock;
}

/** Makes a claim that of another machine, of which nobody can look up whether it is alive. */
async function moveElsewhere(storage: MemoryStorage, token: number): Promise<void> {
  const key = `sales/locks/${String(token).padStart(8, '0')}.json`;
  const claim: object = JSON.parse(storage.text(key) ?? '');
  await storage.put(key, Buffer.from(JSON.stringify({ ...claim, host: 'elsewhere' })));
}

function flip(token: number): Flip {
  return { token, replace: writeFileDurably };
}

describe('a lock in a bucket', () => {
  test('is held by one of those who take it at once, on whatever machine', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    const jobs = await Promise.all([1, 2, 3, 4].map(() => jobOn(storage)));
    const ends = await Promise.allSettled(jobs.map(acquire));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const end of ends)
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'LOCKED' });
  });

  test('is released, and the next token is higher', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    const first = await acquire(await jobOn(storage));
    await first.setRun(NEW);
    expect(await readHolder(await jobOn(storage))).toMatchObject({ runId: NEW, runPid: process.pid });
    await first.release();
    expect(await readHolder(await jobOn(storage))).toBeUndefined();
    const second = await acquire(await jobOn(storage));
    expect([second.token, second.lineage]).toEqual([first.token + 1, first.lineage]);
    await expect(first.assertHeld()).rejects.toMatchObject({ code: 'FENCED' });
  });

  test('of another machine is free after a silence by the clock of the storage, whatever those of the machines say', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    // Its clock is years behind, or ahead: only the difference counts.
    storage.nowMs = Date.parse('1999-01-01T00:00:00Z');
    const first = await acquire(await jobOn(storage));
    await moveElsewhere(storage, first.token);
    storage.nowMs += SILENCE_MS - 1000;
    const job = await jobOn(storage);
    await expect(acquireLock(job, { clock: systemClock })).rejects.toMatchObject({ code: 'LOCKED' });
    storage.nowMs += 2000;
    const second = await acquire(job);
    await expect(first.assertHeld('Nothing was published.')).rejects.toThrow(/Another process .* took over/);
    expect(await first.isHeld()).toBe(false);
    await first.release();
    await second.assertHeld();
  });

  test('is kept by signs of life, which write the same claim again', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const storage = new MemoryStorage('s3://bucket/out');
    const first = await acquire(await jobOn(storage));
    await first.setRun(NEW);
    const before = storage.text('sales/locks/00000001.json');
    storage.nowMs += SILENCE_MS;
    vi.advanceTimersByTime(SIGN_OF_LIFE_MS);
    await vi.waitFor(() =>
      expect(storage.objects.get('sales/locks/00000001.json')?.modifiedMs).toBe(storage.nowMs),
    );
    expect(storage.text('sales/locks/00000001.json')).toBe(before);
    // A sign that is due while the lock is released does not take it again.
    const released = first.release();
    vi.advanceTimersByTime(SIGN_OF_LIFE_MS);
    await released;
    expect(JSON.parse(storage.text('sales/locks/00000001.json') ?? '')).toEqual({ released: true });
  });

  test('starts above all that was published, where somebody has deleted the claims', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    await storage.put('sales/published/00000007.json', Buffer.from(JSON.stringify({ runId: OLD, token: 7 })));
    expect((await acquire(await jobOn(storage))).token).toBe(8);
  });

  test('shows its holder what others wrote meanwhile', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    const job = await jobOn(storage);
    await (await acquire(job)).release();
    const other = await jobOn(storage);
    const lock = await acquire(other);
    await setCurrent(other, NEW, flip(lock.token));
    await lock.release();
    await acquire(job);
    expect(await readCurrent(job)).toBe(NEW);
  });
});

describe('the published run of a bucket', () => {
  test('is the one with the highest token, whoever writes last', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    const [late, job] = [await jobOn(storage), await jobOn(storage)];
    await setCurrent(job, NEW, flip(5));
    await expect(setCurrent(late, OLD, flip(4))).rejects.toMatchObject({ code: 'FENCED' });
    expect([await readCurrent(late), await readCurrent(job)]).toEqual([NEW, NEW]);
    expect(storage.text('sales/current')).toBe(`${NEW}\n`);
  });

  test('may be published again under one token, and no other run under that', async () => {
    const job = await jobOn(new MemoryStorage('s3://bucket/out'));
    await setCurrent(job, NEW, flip(5));
    await setCurrent(job, NEW, flip(5));
    await expect(setCurrent(job, OLD, flip(5))).rejects.toMatchObject({ code: 'FENCED' });
    expect(await readCurrent(job)).toBe(NEW);
  });

  test('is copied to `current` by the next holder of the lock, where a kill came between', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    const job = await jobOn(storage);
    await setCurrent(job, OLD, flip(1));
    await storage.put('sales/published/00000002.json', Buffer.from(JSON.stringify({ runId: NEW, token: 2 })));
    expect(await readCurrent(job)).toBe(NEW);
    await acquire(await jobOn(storage));
    expect(storage.text('sales/current')).toBe(`${NEW}\n`);
  });

  test('leaves a bounded number of pointers behind', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    const job = await jobOn(storage);
    for (let token = 1; token <= 70; token++) await setCurrent(job, NEW, flip(token));
    const pointers = [...storage.objects.keys()].filter((key) => key.startsWith('sales/published/'));
    expect(pointers).toHaveLength(50);
    expect(pointers.sort().at(-1)).toBe('sales/published/00000070.json');
  });

  test('is said to be damaged where its pointer is', async () => {
    const storage = new MemoryStorage('s3://bucket/out');
    await storage.put('sales/published/00000002.json', Buffer.from('{'));
    await expect(readCurrent(await jobOn(storage))).rejects.toThrow(
      /s3:\/\/bucket\/out\/sales\/published\/00000002.json .* cannot be read/,
    );
  });
});
