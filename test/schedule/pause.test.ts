import { describe, expect, it } from 'vitest';
import { folderOfJob } from '../../src/jobs/plan/locations.ts';
import { readRecord } from '../../src/runs/occurrence/occurrence-record.ts';
import { lookAtJob } from '../../src/schedule/look.ts';
import { describePause, type Pause, pauseJob, readPause, resumeJob } from '../../src/schedule/pause.ts';
import { scheduleStatus } from '../../src/schedule/schedule-status.ts';
import { tickOnce } from '../../src/schedule/tick.ts';
import { HOUR, quickFolder, scheduledJob, simulate } from './simulation.ts';

const REQUEST = { reason: 'prices are wrong', by: 'anna@build-3', alertAfterSeconds: 86_400 };

async function pausedJob() {
  const job = scheduledJob(await quickFolder(), { deadlineSeconds: 3600 });
  const simulation = simulate('2026-11-20T12:00:00.400Z');
  const { clock, effects } = simulation;
  const tick = () => tickOnce({ jobs: [job], off: [], problems: [] }, effects, 1);
  await tick();
  const folder = folderOfJob(job.spec);
  await pauseJob(folder, { ...REQUEST, now: clock.now() });
  return { job, simulation, clock, effects, tick, folder };
}

describe('a paused job', () => {
  it('runs nothing, and what came meanwhile when it is resumed', async () => {
    const { simulation, clock, tick, folder } = await pausedJob();
    clock.set('2026-11-21T00:00:00Z');
    expect(await tick()).toBeNull();
    expect(simulation.computed).toEqual([]);
    expect(await resumeJob(folder)).toMatchObject(REQUEST);
    expect(await resumeJob(folder)).toBeUndefined();
    await tick();
    expect(simulation.computed).toEqual(['2026-11-21T00:00:00.000Z']);
  });

  it('notes what catchup leaves, as when nobody looks', async () => {
    const { simulation, clock, tick, folder } = await pausedJob();
    clock.set('2026-11-23T00:00:00Z');
    await tick();
    await resumeJob(folder);
    await tick();
    expect(simulation.computed).toEqual(['2026-11-23T00:00:00.000Z']);
    expect(simulation.log).toContainEqual('warn: missed 2 occurrences: catchup is latest');
  });

  it('raises late as always, and paused once, after as long as was asked for', async () => {
    const { simulation, clock, tick } = await pausedJob();
    clock.set('2026-11-21T02:00:00Z');
    await tick();
    expect(simulation.alerts.map(({ event }) => event)).toEqual(['late']);
    clock.advance(12 * HOUR);
    await tick();
    await tick();
    expect(simulation.alerts.map(({ event }) => event)).toEqual(['late', 'paused']);
    expect(simulation.alerts[1]).toMatchObject({
      job: 'sales',
      occurrence: null,
      message:
        'sales is still paused since 2026-11-20T12:00:00Z by anna@build-3: prices are wrong. That is longer than 1d. Its occurrences do not run until somebody resumes it: serve-batch jobs resume sales',
    });
  });

  it('keeps since when it is paused where the reason is replaced', async () => {
    const { clock, folder } = await pausedJob();
    clock.advance(HOUR);
    await pauseJob(folder, { ...REQUEST, reason: null, now: clock.now() });
    const pause = (await readPause(folder)) as Pause;
    expect(describePause(pause)).toBe('paused since 2026-11-20T12:00:00Z by anna@build-3');
  });

  it('has no next occurrence, and what waits is not noted as waiting for its own run', async () => {
    const { job, clock, effects, folder } = await pausedJob();
    expect(await scheduleStatus(job, clock)).toMatchObject({ next: null, paused: REQUEST });
    clock.set('2026-11-21T00:00:00Z');
    expect(await lookAtJob(job, effects)).toMatchObject({ run: [], wait: [] });
    expect(await readRecord(folder, new Date('2026-11-21T00:00:00Z'))).toBeUndefined();
  });
});
