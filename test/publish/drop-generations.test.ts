import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Log, silentLog, systemClock } from '../../src/core/effects.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import type { Fence, KvStore } from '../../src/kv/store.ts';
import { dropGenerations, dropRefused, isRefusal } from '../../src/publish/drop-generations.ts';
import { runPaths } from '../../src/runs/layout.ts';
import { acquireLock, type JobLock } from '../../src/runs/lock/lock.ts';
import { writePlan } from '../../src/runs/plan/plan-file.ts';
import { markPublished } from '../../src/runs/publication.ts';
import { samplePlan, temporaryFolder } from '../runs/sample-run.ts';

const on = (day: number): string => `2026110${day}T000000Z-aaaa`;
const HALF = '20261109T000000Z-half';

let folderOfJob: string;
let lock: JobLock;
let dropped: [string, Fence][];

beforeEach(async () => {
  folderOfJob = join(await temporaryFolder(), 'sales');
  lock = await acquireLock(folderOfJob, { clock: systemClock });
  onTestFinished(() => lock.release());
  dropped = [];
  for (const [day, at] of [
    [1, '2031-01-01'],
    [2, '2026-11-02'],
    [3, '2026-11-03'],
  ] as const) {
    await writePlan(runPaths(folderOfJob, on(day)), samplePlan({ runId: on(day) }));
    await markPublished(runPaths(folderOfJob, on(day)), { at: new Date(at), token: day });
  }
});

function storeWith(
  held: readonly string[],
  current: string | undefined,
  canary: string | null = null,
): KvStore {
  return {
    generations: async () => held,
    shown: async () =>
      current === undefined
        ? undefined
        : { generation: current, canary: canary === null ? null : { generation: canary, share: 0.05 } },
    drop: async (generation: string, fence: Fence) => void dropped.push([generation, fence]),
  } as Partial<KvStore> as KvStore;
}

describe('dropping generations', () => {
  it.each([
    ['a run is published', { runId: on(3), count: 2 }, on(3), [on(1), HALF]],
    ['another run begins', { runId: null, count: 2 }, on(3), [on(1), HALF]],
    ['kv.keep is lowered', { runId: null, count: 1 }, on(3), [on(1), on(2), HALF]],
    ['an unfinished run is continued', { runId: HALF, count: 2 }, on(3), [on(1)]],
    ['readers see an older run', { runId: null, count: 1 }, on(1), [on(2), on(3), HALF]],
    ['nothing is published', { runId: null, count: 1 }, undefined, [on(1), on(2), HALF]],
  ])('as %s, keeps what readers saw last by tokens, and the run at work', async (_, kept, current, gone) => {
    const store = storeWith([on(1), on(2), on(3), HALF], current);
    expect(await dropGenerations(store, lock, { folderOfJob, ...kept })).toEqual(gone);
    expect(dropped.map(([generation]) => generation)).toEqual(gone);
    expect(dropped[0]?.[1]).toEqual({ lineage: lock.lineage, token: lock.token });
  });
});

it('never drops the generation of a canary, whatever kv.keep says', async () => {
  const store = storeWith([on(1), on(2), on(3), HALF], on(3), HALF);
  expect(await dropGenerations(store, lock, { folderOfJob, runId: null, count: 1 })).toEqual([on(1), on(2)]);
  await dropRefused(store, lock, HALF, silentLog);
  expect(dropped.map(([generation]) => generation)).toEqual([on(1), on(2)]);
});

describe('a generation that the store refused', () => {
  it('is dropped, but not where readers see it', async () => {
    await dropRefused(storeWith([], on(3)), lock, HALF, silentLog);
    await dropRefused(storeWith([], on(3)), lock, on(3), silentLog);
    expect(dropped.map(([generation]) => generation)).toEqual([HALF]);
  });

  it('that cannot be dropped either is said to be dropped by the next command', async () => {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (message) => void warnings.push(message) };
    const away = { shown: () => Promise.reject(new Error('away')) } as Partial<KvStore> as KvStore;
    await dropRefused(away, lock, HALF, log);
    expect(warnings).toEqual([expect.stringContaining('the next "run" or "publish" of the job does')]);
  });

  it.each([
    ['STORE_REFUSED', true],
    ['STORE_INCOMPLETE', true],
    ['DISK_FULL', true],
    ['STORE_UNAVAILABLE', false],
    ['SIGTERM', false],
  ] as const)('%s: %s', (code, expected) => {
    expect(isRefusal(new ServeBatchError(code, 'no'))).toBe(expected);
  });
});
