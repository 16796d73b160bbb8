import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScheduleSpec } from '../../../src/config/sections/schedule.ts';
import { ServeBatchError } from '../../../src/core/errors.ts';
import { readinessOf } from '../../../src/core/readiness.ts';
import { folderOfJob } from '../../../src/jobs/plan/locations.ts';
import type { RunJobOptions } from '../../../src/jobs/run-job-options.ts';
import { listOccurrences } from '../../../src/runs/occurrence/list-occurrences.ts';
import { tickOnce } from '../../../src/schedule/tick.ts';
import { assertHolds } from '../readiness-world.ts';
import { MINUTE, quickFolder, scheduledJob, simulate } from '../simulation.ts';

const MIDNIGHT = '2026-11-21T00:00:00.000Z';

async function waitingJob(changes: Partial<ScheduleSpec> = {}) {
  const waitFor = [{ kind: 'sql', sql: 'true' }] as const;
  const job = scheduledJob(await quickFolder(), { waitFor, deadlineSeconds: 3600, ...changes });
  const simulation = simulate('2026-11-20T12:00:00Z');
  const { clock } = simulation;
  const data = { isThere: false, checks: 0 };
  const checkReady = async () => {
    data.checks++;
    return readinessOf(clock.now(), [{ condition: 'file a', isMet: data.isThere, found: 'not there' }]);
  };
  const snapshots: unknown[] = [];
  const runJob: typeof simulation.effects.runJob = (options: RunJobOptions) =>
    simulation.effects.runJob({
      ...options,
      checkReady: async () => {
        const readiness = (await options.checkReady?.()) ?? null;
        snapshots.push(readiness);
        return readiness;
      },
    });
  const effects = { ...simulation.effects, checkReady, runJob };
  const tick = () => tickOnce({ jobs: [job], off: [], problems: [] }, effects, 1);
  await tick();
  clock.set(MIDNIGHT);
  const folder = folderOfJob(job.spec);
  const statuses = async () =>
    (await listOccurrences(folder, clock)).map(({ status, waitsFor }) => [status, waitsFor]);
  return { job, simulation, clock, data, effects, tick, snapshots, folder, statuses };
}

describe('an occurrence that waits for its data', () => {
  it('starts once it is there, is looked at every so often, and keeps the snapshot', async () => {
    const { simulation, clock, data, tick, snapshots, statuses } = await waitingJob();
    for (let minute = 0; minute < 3; minute++) {
      expect(await tick()).toBeNull();
      await tick();
      clock.advance(MINUTE);
    }
    expect(data.checks).toBe(3);
    expect(await statuses()).toEqual([['waiting', 'file a (not there)']]);
    expect(simulation.log).toEqual(['info: waits for file a (not there)']);
    data.isThere = true;
    await tick();
    expect(simulation.computed).toEqual([MIDNIGHT]);
    expect(snapshots).toMatchObject([{ isReady: true, checkedAt: '2026-11-21T00:03:00.000Z' }]);
    expect(await statuses()).toEqual([['published', null]]);
    expect(simulation.alerts).toEqual([]);
  });

  it('is not run where its data goes away between the look and the lock', async () => {
    const { simulation, data, effects, job, statuses } = await waitingJob();
    data.isThere = true;
    const runJob: typeof effects.runJob = (options) => {
      data.isThere = false;
      return effects.runJob(options);
    };
    await tickOnce({ jobs: [job], off: [], problems: [] }, { ...effects, runJob }, 1);
    expect(simulation.computed).toEqual([]);
    expect(simulation.log).toContainEqual('info: left to another process: it lacks file a (not there) now');
    expect(await statuses()).toEqual([['waiting', 'file a (not there)']]);
  });

  it.each([
    ['skip', null, [], ['late'], 'skipped', 'It is skipped.'],
    ['fail', 'NOT_READY', [], ['failed', 'late'], 'failed', 'It has failed.'],
    ['run', null, [MIDNIGHT], ['late'], 'published', 'It runs with what is there.'],
  ] as const)('at its deadline, onLate %s', async (onLate, code, computed, events, status, then) => {
    const { simulation, clock, tick, snapshots, statuses } = await waitingJob({ onLate });
    await tick();
    clock.advance(61 * MINUTE);
    const failure = await tick();
    expect(failure?.code ?? null).toBe(code);
    expect(failure?.exitCode ?? 0).toBe(code === null ? 0 : 3);
    expect(simulation.computed).toEqual(computed);
    expect(simulation.alerts.map(({ event }) => event)).toEqual(events);
    expect(simulation.alerts.at(-1)?.message).toContain(`It lacks file a (not there). ${then}`);
    expect((await statuses())[0]?.[0]).toBe(status);
    if (onLate === 'run') expect(snapshots).toMatchObject([{ isReady: false }]);
    expect(await tick()).toBeNull();
    expect(simulation.alerts).toHaveLength(events.length);
  });

  it('is seen through though a newer one comes, whatever catchup says', async () => {
    const { simulation, clock, data, tick } = await waitingJob({ deadlineSeconds: 5 * 86_400 });
    await tick();
    clock.set('2026-11-22T00:00:00Z');
    await tick();
    data.isThere = true;
    clock.advance(MINUTE);
    await tick();
    expect(simulation.computed.sort()).toEqual([MIDNIGHT, '2026-11-22T00:00:00.000Z']);
  });

  it('does not look again for what is computed and only has to be published', async () => {
    const { simulation, clock, data, tick, statuses } = await waitingJob();
    data.isThere = true;
    simulation.mishaps.push('store is down');
    await tick();
    data.isThere = false;
    clock.advance(2 * MINUTE);
    await tick();
    expect(await statuses()).toEqual([['published', null]]);
    expect(simulation.computed).toEqual([MIDNIGHT]);
  });

  it('a condition that cannot be looked at is not met: its deadline comes all the same', async () => {
    const { simulation, clock, job, effects } = await waitingJob();
    const checkReady = () =>
      Promise.reject(new ServeBatchError('JOB_FILE', 'sql 1 is not one SQL condition'));
    const tick = () => tickOnce({ jobs: [job], off: [], problems: [] }, { ...effects, checkReady }, 1);
    await tick();
    expect(simulation.log).toEqual(['info: waits for schedule.waitFor (sql 1 is not one SQL condition)']);
    clock.advance(61 * MINUTE);
    expect(await tick()).toMatchObject({ code: 'NOT_READY' });
  });
});

describe('readiness, schedulers, kills, clocks and files that are half written, in any order', () => {
  const count = Number(process.env.INTERLEAVINGS ?? 40);
  const firstSeed = Number(process.env.FIRST_SEED ?? 1);

  it('one run an occurrence, none on data that was not ready', async () => {
    const root = await quickFolder();
    let computed = 0;
    for (let seed = firstSeed; seed < firstSeed + count; seed++) {
      const folder = join(root, String(seed));
      computed += await assertHolds(folder, seed, 14);
      await rm(folder, { recursive: true, force: true });
    }
    // Not all of them wait in vain.
    expect(computed).toBeGreaterThan(count / 4);
    if (count > 40)
      process.stdout.write(`${count} interleavings from seed ${firstSeed}, ${computed} runs, 0 violations\n`);
  }, 3_600_000);
});
