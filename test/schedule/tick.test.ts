import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bindJob } from '../../src/config/bind-job.ts';
import type { ScheduleSpec } from '../../src/config/sections/schedule.ts';
import { silentProgress } from '../../src/core/effects.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import { folderOfJob } from '../../src/jobs/plan/locations.ts';
import { publishedOccurrence } from '../../src/runs/list/occurrence-runs.ts';
import { acquireLock } from '../../src/runs/lock/lock.ts';
import { readRecord } from '../../src/runs/occurrence/occurrence-record.ts';
import { occurrencesBetween } from '../../src/schedule/cron/cron-times.ts';
import { forgetSchedule, readFirstSight } from '../../src/schedule/due/first-sight.ts';
import type { ScheduledJob } from '../../src/schedule/schedule-effects.ts';
import { runAndReport, tickOnce } from '../../src/schedule/tick.ts';
import {
  HOUR,
  MINUTE,
  occurrencesOf,
  quickFolder,
  type Simulation,
  scheduledJob,
  simulate,
} from './simulation.ts';

const MIDNIGHT = '2026-11-21T00:00:00.000Z';

async function tick(
  simulation: Simulation,
  ...jobs: readonly ScheduledJob[]
): Promise<ServeBatchError | null> {
  return tickOnce({ jobs, off: [], problems: [] }, simulation.effects, 1);
}

/** A job that a tick has looked at on the 18th, and what happens from then on. */
async function seenBefore(changes: Partial<ScheduleSpec> = {}, now = '2026-11-18T12:00:00Z') {
  const job = scheduledJob(await quickFolder(), changes);
  const simulation = simulate(now);
  await tick(simulation, job);
  expect(simulation.computed).toEqual([]);
  return { job, simulation, folder: folderOfJob(job.spec) };
}

describe('a tick', () => {
  it.each([
    ['at the very minute of the occurrence', '2026-11-21T00:00:05Z', [MIDNIGHT]],
    ['ten minutes later', '2026-11-21T00:10:00Z', [MIDNIGHT]],
    ['long after it', '2026-11-21T00:10:01Z', []],
  ])('that is the first ever, %s, runs %j', async (_, now, expected) => {
    const simulation = simulate(now);
    await tick(simulation, scheduledJob(await quickFolder()));
    expect(simulation.computed).toEqual(expected);
  });

  it('runs what is due once, however often it comes', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.clock.set(MIDNIGHT);
    for (let index = 0; index < 3; index++) {
      expect(await tick(simulation, job)).toBeNull();
      simulation.clock.advance(MINUTE);
    }
    expect(simulation.heartbeats).toEqual(['sales']);
    expect(await occurrencesOf(job)).toEqual([MIDNIGHT]);
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({ state: 'done', attempts: 0 });
  });

  it('finds a run that has no record: the ledger was lost, the run was started by hand', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.clock.set(MIDNIGHT);
    await tick(simulation, job);
    const record = await readRecord(folder, new Date(MIDNIGHT));
    await rm(join(folder, 'occurrences'), { recursive: true });
    await tick(simulation, job);
    expect(simulation.computed).toEqual([MIDNIGHT]);
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({
      state: 'done',
      runId: record?.runId,
    });
  });

  it('does not keep jobs from each other: a broken file is the first failure, the rest runs', async () => {
    const simulation = simulate(MIDNIGHT);
    const job = scheduledJob(await quickFolder());
    const error = new ServeBatchError('JOB_FILE', 'jobs/b.yaml:1:1  model is missing');
    const loaded = { jobs: [job], off: [], problems: [{ job: 'b', error }] };
    expect(await tickOnce(loaded, simulation.effects, 2)).toBe(error);
    expect(simulation.computed).toEqual([MIDNIGHT]);
  });
});

describe('occurrences that nobody ran', () => {
  it('latest: the newest runs, the others are missed, once and for all', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.clock.set('2026-11-21T08:00:00Z');
    await tick(simulation, job);
    await tick(simulation, job);
    expect(simulation.computed).toEqual([MIDNIGHT]);
    const names = await readdir(join(folder, 'occurrences'));
    expect(names.sort()).toEqual(['20261120T000000Z.missed.json', '20261121T000000Z.json']);
    expect(simulation.log.filter((line) => line.includes('missed'))).toEqual([
      'warn: missed 2 occurrences: catchup is latest',
    ]);
  });

  it('all: they run, oldest first, and readers end with the newest', async () => {
    const { job, simulation, folder } = await seenBefore({ catchup: 'all' });
    simulation.clock.set('2026-11-21T08:00:00Z');
    await tick(simulation, job);
    expect(simulation.computed.map((each) => each.slice(8, 10))).toEqual(['19', '20', '21']);
    expect(await publishedOccurrence(folder)).toBe(MIDNIGHT);
  });

  it('are not run when older than the window, which is said once', async () => {
    const { job, simulation } = await seenBefore({ catchup: 'all', catchupWindowSeconds: 86_400 });
    simulation.clock.set('2026-11-30T08:00:00Z');
    await tick(simulation, job);
    await tick(simulation, job);
    expect(simulation.computed).toEqual(['2026-11-30T00:00:00.000Z']);
    const said = simulation.log.filter((line) => line.includes('schedule.catchupWindow has ended'));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('backfill sales --from 2026-11-19T00:00:00.000Z --to 2026-11-29T00:00:00.000Z');
  });

  it('an older one is not published over a newer one', async () => {
    const { job, simulation, folder } = await seenBefore({ catchup: 'all' });
    simulation.clock.set('2026-11-20T00:00:00Z');
    simulation.mishaps.push('fails');
    await tick(simulation, job);
    simulation.clock.set('2026-11-21T00:00:00Z');
    await tick(simulation, job);
    expect(simulation.computed.map((each) => each.slice(8, 10)).sort()).toEqual(['19', '20', '21']);
    expect(await publishedOccurrence(folder)).toBe(MIDNIGHT);
  });
});

describe('the schedule of a job changes', () => {
  it('the time zone: nothing of the new one is missed, nothing runs twice', async () => {
    const { job, simulation } = await seenBefore({ catchup: 'all' });
    simulation.clock.set('2026-11-19T00:00:00Z');
    await tick(simulation, job);
    const root = job.spec.output.path;
    const moved = scheduledJob(root, { catchup: 'all', timezone: 'Europe/Stockholm' });
    // The new schedule had occurrences an hour before, each night: they were never owed.
    simulation.clock.set('2026-11-19T12:00:00Z');
    await tick(simulation, moved);
    simulation.clock.set('2026-11-19T23:00:00Z');
    await tick(simulation, moved);
    simulation.clock.set('2026-11-20T12:00:00Z');
    await tick(simulation, moved);
    expect(simulation.computed).toEqual(['2026-11-19T00:00:00.000Z', '2026-11-19T23:00:00.000Z']);
  });

  it('the time zone, to one with the same clocks: the occurrence has run', async () => {
    const { job, simulation } = await seenBefore();
    simulation.clock.set(MIDNIGHT);
    await tick(simulation, job);
    await tick(simulation, scheduledJob(job.spec.output.path, { timezone: 'Europe/London' }));
    expect(simulation.computed).toEqual([MIDNIGHT]);
  });

  it('it is switched off and on: what was due meanwhile is not owed', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.clock.set('2026-11-19T12:00:00Z');
    await tick(simulation, job);
    await tickOnce({ jobs: [], off: [job], problems: [] }, simulation.effects, 1);
    expect(await readFirstSight(folder)).toBeUndefined();
    simulation.clock.set('2026-11-21T12:00:00Z');
    await tick(simulation, job);
    expect(simulation.computed).toEqual(['2026-11-19T00:00:00.000Z']);
    await forgetSchedule(folder);
  });
});

describe('the clock is set', () => {
  it.each(['latest', 'all'] as const)('back: nothing runs twice (%s)', async (catchup) => {
    const { job, simulation } = await seenBefore({ cron: '0 * * * *', catchup }, '2026-11-18T12:30:00Z');
    for (const now of ['13:00', '14:00', '12:40', '13:00', '13:30', '14:00', '15:00']) {
      simulation.clock.set(`2026-11-18T${now}:00Z`);
      await tick(simulation, job);
    }
    const hours = simulation.computed.map((each) => each.slice(11, 13));
    expect(hours).toEqual(['13', '14', '15']);
  });

  it('forward by days and back: the days in between are not taken for missed when they come', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.clock.set('2026-11-23T12:00:00Z');
    await tick(simulation, job);
    for (const date of ['19', '20', '21', '22', '23', '24']) {
      simulation.clock.set(`2026-11-${date}T00:00:10Z`);
      await tick(simulation, job);
      // The run of the 23rd was made too early: it is not made again.
      const seen = date === '23' ? '22' : date;
      expect(await publishedOccurrence(folder)).toBe(`2026-11-${seen}T00:00:00.000Z`);
    }
    const days = (await occurrencesOf(job)).map((each) => each?.slice(8, 10));
    expect(days).toEqual(['19', '20', '21', '22', '23', '24']);
  });
});

describe('a clock that was years ahead when the job was first seen', () => {
  it('does not keep it from running', async () => {
    const { job, simulation } = await seenBefore({}, '2030-01-01T12:00:00Z');
    for (const now of ['2026-11-20T12:00:00Z', MIDNIGHT]) {
      simulation.clock.set(now);
      await tick(simulation, job);
    }
    expect(simulation.computed).toEqual([MIDNIGHT]);
  });
});

describe('a run that fails', () => {
  it('is tried again with growing pauses, then has failed, and is told of once', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.mishaps.push('fails', 'fails', 'fails');
    simulation.clock.set(MIDNIGHT);
    const codes: (string | undefined)[] = [];
    for (let minute = 0; minute < 6; minute++) {
      codes.push((await tick(simulation, job))?.code);
      simulation.clock.advance(MINUTE);
    }
    const failed = 'INPUT_NOT_FOUND';
    // At once, after one minute, after two more; in between it waits, which is no success either.
    expect(codes).toEqual([failed, failed, failed, failed, undefined, undefined]);
    const record = await readRecord(folder, new Date(MIDNIGHT));
    expect(record).toMatchObject({ state: 'failed', attempts: 3, error: { code: failed } });
    expect(simulation.alerts).toMatchObject([{ event: 'failed', job: 'sales', occurrence: MIDNIGHT }]);
    expect(simulation.log.filter((line) => line.startsWith('error: '))).toEqual([
      'error: failed for good: the input is not there yet',
    ]);
    expect(simulation.computed).toEqual([]);
  });

  it('is well with a later try, and nobody is told', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.mishaps.push('fails');
    simulation.clock.set(MIDNIGHT);
    await tick(simulation, job);
    simulation.clock.advance(MINUTE);
    expect(await tick(simulation, job)).toBeNull();
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({
      state: 'done',
      attempts: 1,
      error: null,
    });
    expect(simulation.alerts).toEqual([]);
  });

  it('because its process is killed goes on at the next look, as no failure', async () => {
    const { job, simulation, folder } = await seenBefore({ retries: 0 });
    simulation.mishaps.push('is killed');
    simulation.clock.set(MIDNIGHT);
    await tick(simulation, job);
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({ state: 'running' });
    await tick(simulation, job);
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({ state: 'done', attempts: 0 });
    expect(simulation.computed).toEqual([MIDNIGHT]);
  });
});

describe('a run that is committed, but not published', () => {
  it('is published once the store is there; it is told of after the retries, and computed once', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.mishaps.push(...Array(5).fill('store is down'));
    simulation.clock.set(MIDNIGHT);
    for (let minute = 0; minute < 60; minute++) {
      await tick(simulation, job);
      // Two retries: after one minute, and after two more.
      expect(simulation.alerts).toHaveLength(minute < 3 ? 0 : 1);
      simulation.clock.advance(MINUTE);
    }
    expect(simulation.computed).toEqual([MIDNIGHT]);
    expect(simulation.alerts).toMatchObject([{ event: 'failed' }]);
    expect(await publishedOccurrence(folder)).toBe(MIDNIGHT);
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({ state: 'done', error: null });
  });

  it('for its coverage stays so, and is told of at once', async () => {
    const { job, simulation, folder } = await seenBefore();
    simulation.mishaps.push('coverage is too low');
    simulation.clock.set(MIDNIGHT);
    expect((await tick(simulation, job))?.exitCode).toBe(5);
    expect(await tick(simulation, job)).toBeNull();
    expect(simulation.alerts).toMatchObject([{ event: 'partial' }]);
    expect(await publishedOccurrence(folder)).toBeNull();
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({
      state: 'done',
      error: { code: 'COVERAGE_TOO_LOW' },
    });
  });
});

describe('while another process has the lock', () => {
  it.each([
    ['wait', 'waiting', [MIDNIGHT]],
    ['skip', 'skipped', []],
  ] as const)('%s: the occurrence is %s', async (overlap, state, computed) => {
    const { job, simulation, folder } = await seenBefore({ overlap });
    const lock = await acquireLock(folder, { clock: simulation.clock });
    simulation.clock.set(MIDNIGHT);
    expect(await tick(simulation, job)).toBeNull();
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({ state });
    await lock.release();
    simulation.clock.advance(HOUR);
    await tick(simulation, job);
    expect(simulation.computed).toEqual(computed);
  });

  it('a deadline that passes is told of once', async () => {
    const { job, simulation, folder } = await seenBefore({ deadlineSeconds: 3600 }, '2026-11-20T12:00:00Z');
    const lock = await acquireLock(folder, { clock: simulation.clock });
    simulation.clock.set('2026-11-21T01:00:01Z');
    await tick(simulation, job);
    await tick(simulation, job);
    await lock.release();
    await tick(simulation, job);
    expect(simulation.alerts).toMatchObject([{ event: 'late', occurrence: MIDNIGHT }]);
    expect(simulation.computed).toEqual([MIDNIGHT]);
  });
});

describe('an occurrence that is not published in time is told of, whatever became of it', () => {
  const deadlineSeconds = 3600;
  const lates = (simulation: Simulation) => simulation.alerts.filter(({ event }) => event === 'late');

  it('missed: those that nobody ran, in one alert, once', async () => {
    const { job, simulation } = await seenBefore({ deadlineSeconds });
    simulation.clock.set('2026-11-21T00:00:10Z');
    await tick(simulation, job);
    await tick(simulation, job);
    expect(simulation.computed).toEqual([MIDNIGHT]);
    expect(lates(simulation)).toMatchObject([{ occurrence: '2026-11-20T00:00:00.000Z' }]);
    expect(lates(simulation)[0]?.message).toContain('2 occurrences of sales from 2026-11-19T00:00:00.000Z');
    expect(lates(simulation)[0]?.message).toContain('It was missed');
  });

  it('missed while a run hangs, although the next one came before its deadline', async () => {
    const job = scheduledJob(await quickFolder(), { cron: '* * * * *', deadlineSeconds: 120 });
    const simulation = simulate('2026-11-21T00:00:30Z');
    const lock = await acquireLock(folderOfJob(job.spec), { clock: simulation.clock });
    for (let minute = 0; minute < 10; minute++) {
      await tick(simulation, job);
      simulation.clock.advance(MINUTE);
    }
    await lock.release();
    expect(lates(simulation).map(({ occurrence }) => occurrence?.slice(14, 16))).toEqual(
      ['00', '01', '02', '03', '04', '05', '06', '07'].slice(0, lates(simulation).length),
    );
    expect(lates(simulation).length).toBeGreaterThanOrEqual(7);
  });

  it('skipped', async () => {
    const { job, simulation, folder } = await seenBefore(
      { deadlineSeconds, overlap: 'skip' },
      '2026-11-20T12:00:00Z',
    );
    const lock = await acquireLock(folder, { clock: simulation.clock });
    simulation.clock.set(MIDNIGHT);
    await tick(simulation, job);
    await lock.release();
    simulation.clock.advance(HOUR + 1);
    await tick(simulation, job);
    await tick(simulation, job);
    expect(lates(simulation)).toMatchObject([{ occurrence: MIDNIGHT }]);
    expect(lates(simulation)[0]?.message).toContain('It was skipped');
  });

  it('failed', async () => {
    const { job, simulation } = await seenBefore({ deadlineSeconds, retries: 0 }, '2026-11-20T12:00:00Z');
    simulation.mishaps.push('fails');
    simulation.clock.set(MIDNIGHT);
    await tick(simulation, job);
    simulation.clock.advance(HOUR + 1);
    await tick(simulation, job);
    await tick(simulation, job);
    expect(simulation.alerts.map(({ event }) => event)).toEqual(['failed', 'late']);
  });

  it('older than the catch-up window by then', async () => {
    const changes = { deadlineSeconds: 2 * 3600, catchupWindowSeconds: 3600 };
    const { job, simulation } = await seenBefore(changes, '2026-11-20T12:00:00Z');
    simulation.clock.set('2026-11-21T02:00:01Z');
    await tick(simulation, job);
    expect(simulation.computed).toEqual([]);
    expect(lates(simulation)).toMatchObject([{ occurrence: MIDNIGHT }]);
  });

  it('but not one that was run by hand after it had failed', async () => {
    const { job, simulation } = await seenBefore({ deadlineSeconds, retries: 0 }, '2026-11-20T12:00:00Z');
    simulation.mishaps.push('fails');
    simulation.clock.set(MIDNIGHT);
    await tick(simulation, job);
    simulation.clock.advance(MINUTE);
    await runByHand(job, MIDNIGHT, simulation);
    simulation.clock.advance(HOUR);
    await tick(simulation, job);
    expect(lates(simulation)).toEqual([]);
  });
});

describe('a store that is down when an occurrence begins', () => {
  it('is tried for the whole window with growing pauses, and told of once', async () => {
    const { job, simulation, folder } = await seenBefore({}, '2026-11-20T12:00:00Z');
    simulation.mishaps.push(...Array(12).fill('store was down before'));
    simulation.clock.set(MIDNIGHT);
    for (let minute = 0; minute < 10 * 60; minute += 5) {
      await tick(simulation, job);
      simulation.clock.advance(5 * MINUTE);
    }
    expect(simulation.mishaps).toEqual([]);
    expect(simulation.alerts).toMatchObject([{ event: 'failed', occurrence: MIDNIGHT }]);
    expect(simulation.alerts[0]?.message).toContain('tried again until');
    expect(await publishedOccurrence(folder)).toBe(MIDNIGHT);
  });

  it('is told of once, however many occurrences come meanwhile, and again where it is down later', async () => {
    const job = scheduledJob(await quickFolder(), { cron: '* * * * *', retries: 0 });
    const simulation = simulate(MIDNIGHT);
    expect(await tick(simulation, job)).toBeNull();
    simulation.mishaps.push(...Array(100).fill('store was down before'));
    const codes: (number | undefined)[] = [];
    for (let minute = 0; minute < 10; minute++) {
      simulation.clock.advance(MINUTE);
      codes.push((await tick(simulation, job))?.exitCode);
    }
    expect(new Set(codes)).toEqual(new Set([7]));
    expect(simulation.alerts).toMatchObject([{ event: 'failed' }]);
    simulation.mishaps.splice(0);
    simulation.clock.advance(3 * HOUR);
    expect(await tick(simulation, job)).toBeNull();
    simulation.mishaps.push('store is down');
    simulation.clock.advance(MINUTE);
    expect(await tick(simulation, job)).toMatchObject({ exitCode: 7 });
    expect(simulation.alerts).toMatchObject([{ event: 'failed' }, { event: 'failed' }]);
  });

  it('does not keep another failure of an occurrence from being told', async () => {
    const { job, simulation } = await seenBefore({ retries: 0 }, '2026-11-20T12:00:00Z');
    simulation.mishaps.push('store was down before', 'fails');
    simulation.clock.set(MIDNIGHT);
    await tick(simulation, job);
    simulation.clock.advance(HOUR);
    expect(await tick(simulation, job)).toMatchObject({ code: 'INPUT_NOT_FOUND' });
    expect(simulation.alerts.map(({ message }) => message)).toEqual([
      expect.stringContaining('no store'),
      expect.stringContaining('the input is not there yet'),
    ]);
  });

  it('and keeps silent holds up no run of another job', async () => {
    const root = await quickFolder();
    const [silent, healthy] = ['silent', 'healthy'].map((name) => {
      const { spec, schedule } = scheduledJob(root);
      return { spec: { ...spec, name }, schedule };
    }) as [ScheduledJob, ScheduledJob];
    const simulation = simulate(MIDNIGHT);
    const { effects, heartbeats } = simulation;
    const stores: typeof effects.stores = {
      ...effects.stores,
      // Answers only once the other job has run.
      compare: async ({ name }) => {
        while (name === 'silent' && heartbeats.length === 0) await setImmediate();
        return { kind: 'same' };
      },
    };
    const loaded = { jobs: [silent, healthy], off: [], problems: [] };
    expect(await tickOnce(loaded, { ...effects, stores }, 1)).toBeNull();
    expect(heartbeats).toEqual(['healthy', 'silent']);
  });

  it('for longer than the window: it has failed', async () => {
    const window = { catchupWindowSeconds: 86_400 };
    const { job, simulation, folder } = await seenBefore(window, '2026-11-20T12:00:00Z');
    simulation.mishaps.push(...Array(100).fill('store was down before'));
    for (const now of [MIDNIGHT, '2026-11-21T12:00:00Z', '2026-11-23T12:00:00Z']) {
      simulation.clock.set(now);
      await tick(simulation, job);
    }
    expect(await readRecord(folder, new Date(MIDNIGHT))).toMatchObject({ state: 'failed' });
  });
});

describe('a job of every minute', () => {
  it('is not looked through from the start of its window at each look', async () => {
    const job = scheduledJob(await quickFolder(), { cron: '* * * * *', catchup: 'all' });
    const simulation = simulate('2026-11-21T00:00:00Z');
    for (let minute = 0; minute < 60; minute++) {
      await tick(simulation, job);
      simulation.clock.advance(MINUTE);
    }
    expect(simulation.computed).toHaveLength(60);
    const folder = folderOfJob(job.spec);
    const settled = (await readFirstSight(folder))?.settled;
    expect(settled?.until).toBe('2026-11-21T00:50:00.000Z');
    // What a backfill left unfinished is seen again.
    simulation.mishaps.push('is killed');
    const [first] = occurrencesBetween(
      job.schedule,
      new Date('2026-11-21T00:10:00Z'),
      simulation.clock.now(),
    );
    await runAndReport(job, first ?? new Date(0), simulation.effects, { anew: true });
    expect((await readFirstSight(folder))?.settled).toBeUndefined();
  });
});

async function runByHand(job: ScheduledJob, occurrence: string, { effects }: Simulation): Promise<void> {
  const { clock, log, signal } = effects;
  const spec = bindJob(job.spec, { occurrence: new Date(occurrence), now: clock.now() });
  const options = { resume: true, force: false, signal, effects: { clock, log, progress: silentProgress } };
  await effects.runJob({ ...options, spec });
}
