import { rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { ServeBatchError } from '../../src/core/errors.ts';
import { nextOccurrence, occurrencesBetween } from '../../src/schedule/cron/cron-times.ts';
import type { LoadedSchedule } from '../../src/schedule/load-jobs.ts';
import type { ScheduledJob } from '../../src/schedule/schedule-effects.ts';
import { serveSchedule } from '../../src/schedule/serve.ts';
import {
  DAY,
  FakeClock,
  HOUR,
  MINUTE,
  occurrencesOf,
  quickFolder,
  type Simulation,
  scheduledJob,
  simulate,
} from './simulation.ts';

const ENDED = new ServeBatchError('SIGTERM', 'ended');

interface Service {
  readonly simulation: Simulation;
  readonly jobs: readonly ScheduledJob[];
  /** Called in place of sleeping: moves the clock. */
  readonly pass: (ms: number) => void | Promise<void>;
}

/** Serves until `pass` ends it. */
async function serve({ simulation, jobs, pass }: Service): Promise<void> {
  const loaded: LoadedSchedule = { jobs, off: [], problems: [] };
  await expect(
    serveSchedule({
      load: async () => loaded,
      effects: simulation.effects,
      concurrency: 2,
      async sleep(ms, signal) {
        await simulation.idle();
        if (!signal.aborted) await pass(ms);
      },
      onStart: async () => {},
    }),
  ).rejects.toMatchObject({ code: 'SIGTERM', exitCode: 143 });
}

function isos(job: ScheduledJob, from: string, to: string): string[] {
  return occurrencesBetween(job.schedule, new Date(from), new Date(to)).map((each) => each.toISOString());
}

describe('the service', () => {
  it('runs each occurrence at its minute, and never sleeps longer than a minute', async () => {
    const job = scheduledJob(await quickFolder(), { cron: '*/10 * * * *' });
    const simulation = simulate('2026-11-21T00:05:00Z');
    const pauses: number[] = [];
    await serve({
      simulation,
      jobs: [job],
      pass(ms) {
        pauses.push(ms);
        simulation.clock.advance(ms);
        if (simulation.clock.now() > new Date('2026-11-21T01:05:00Z')) simulation.drain.abort(ENDED);
      },
    });
    expect(await occurrencesOf(job)).toEqual(isos(job, '2026-11-21T00:00:00Z', '2026-11-21T01:05:00Z'));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(MINUTE);
  });

  it.each([
    ['says that nothing was going on', false, 'Ended by SIGTERM. No job was running.'],
    ['ends with the reason of the signal where a job was running', true, 'ended'],
  ])('%s', async (_, isBusy, message) => {
    const simulation = simulate('2026-11-21T00:05:00Z');
    const job = scheduledJob(await quickFolder(), { cron: '5 0 * * *' });
    const runJob: typeof simulation.effects.runJob = (options) => {
      if (isBusy) simulation.drain.abort(ENDED);
      return simulation.effects.runJob(options);
    };
    const served = serveSchedule({
      load: async () => ({ jobs: [job], off: [], problems: [] }),
      effects: { ...simulation.effects, runJob },
      concurrency: 1,
      sleep: async () => {
        await simulation.idle();
        simulation.drain.abort(ENDED);
      },
      onStart: async () => {},
    });
    await expect(served).rejects.toMatchObject({ code: 'SIGTERM', message });
  });

  it('wakes up after a sleep of the machine and catches up', async () => {
    const job = scheduledJob(await quickFolder(), { cron: '0 * * * *', catchup: 'all' });
    const simulation = simulate('2026-11-21T00:30:00Z');
    let looks = 0;
    await serve({
      simulation,
      jobs: [job],
      pass(ms) {
        looks++;
        if (looks === 50) simulation.clock.advance(5 * HOUR);
        else if (looks < 120) simulation.clock.advance(ms);
        else simulation.drain.abort(ENDED);
      },
    });
    expect(await occurrencesOf(job)).toEqual(
      isos(job, '2026-11-21T00:30:00Z', simulation.clock.now().toISOString()),
    );
  });

  it('tries a run that failed again when its pause is over, to the second', async () => {
    const job = scheduledJob(await quickFolder(), { backoffSeconds: 7 });
    const simulation = simulate('2026-11-20T23:59:00Z');
    simulation.mishaps.push('fails', 'fails');
    const seen: string[] = [];
    await serve({
      simulation,
      jobs: [job],
      pass(ms) {
        simulation.clock.advance(ms);
        seen.push(simulation.clock.now().toISOString().slice(11, 19));
        if (simulation.computed.length > 0) simulation.drain.abort(ENDED);
      },
    });
    expect(seen.slice(0, 3)).toEqual(['00:00:00', '00:00:07', '00:00:21']);
  });

  it('runs not more jobs at once than asked, and all of them', async () => {
    const simulation = simulate('2026-11-21T00:00:05Z');
    const root = await quickFolder();
    const jobs = ['a', 'b', 'c', 'd', 'e'].map((name) => {
      const { spec, schedule } = scheduledJob(root, { catchup: 'none' });
      return { spec: { ...spec, name }, schedule };
    });
    let now = 0;
    let most = 0;
    const runJob: Simulation['effects']['runJob'] = async (options) => {
      most = Math.max(most, ++now);
      await setImmediate();
      return simulation.effects.runJob(options).finally(() => now--);
    };
    await serve({
      simulation: { ...simulation, effects: { ...simulation.effects, runJob } },
      jobs,
      pass(ms) {
        simulation.clock.advance(ms);
        if (simulation.clock.now() > new Date('2026-11-21T00:30:00Z')) simulation.drain.abort(ENDED);
      },
    });
    expect(simulation.computed).toHaveLength(5);
    expect(most).toBe(2);
  });

  it('reads job files again, says once what is wrong with one, and serves the others', async () => {
    const job = scheduledJob(await quickFolder());
    const simulation = simulate('2026-11-20T23:55:00Z');
    const error = new ServeBatchError('JOB_FILE', 'jobs/b.yaml:1:1  model is missing');
    let loads = 0;
    const service = serveSchedule({
      load: async () => ({ jobs: loads++ < 3 ? [] : [job], off: [], problems: [{ job: 'b', error }] }),
      effects: simulation.effects,
      concurrency: 2,
      async sleep(ms) {
        await simulation.idle();
        simulation.clock.advance(ms);
        if (loads > 20) simulation.drain.abort(ENDED);
      },
      onStart: async () => {},
    });
    await expect(service).rejects.toMatchObject({ code: 'SIGTERM' });
    expect(simulation.computed).toEqual(['2026-11-21T00:00:00.000Z']);
    expect(simulation.log.filter((line) => line.includes('model is missing'))).toHaveLength(1);
  });

  it('shows what is wrong with single jobs until it is over, and gives signs of life as often as is asked', async () => {
    const root = await quickFolder();
    const job = scheduledJob(root, { cron: '*/2 * * * *', retries: 0 });
    const simulation = simulate('2026-11-21T00:00:30Z');
    simulation.mishaps.push('fails');
    const error = new ServeBatchError('JOB_FILE', 'jobs/b.yaml:1:1  model is missing');
    const shown = new Map<string, string>();
    const served = serveSchedule({
      async load() {
        const isBroken = simulation.clock.now() < new Date('2026-11-21T00:01:30Z');
        return { jobs: [job], off: [], problems: isBroken ? [{ job: 'b', error }] : [] };
      },
      effects: simulation.effects,
      concurrency: 2,
      longestSilenceMs: 20_000,
      async onLook({ problems }) {
        const time = simulation.clock.now().toISOString().slice(14, 19);
        shown.set(time, problems.map((each) => `${each.job}: ${each.problem}`).join('; '));
      },
      async sleep(ms, signal) {
        const ended =
          simulation.clock.now() < new Date('2026-11-21T00:02:00Z') ? 'failed for good' : 'published';
        await vi.waitFor(() => expect(simulation.log.join()).toContain(ended));
        await simulation.idle();
        if (signal.aborted) return;
        simulation.clock.advance(ms);
        if (simulation.clock.now() > new Date('2026-11-21T00:02:40Z')) simulation.drain.abort(ENDED);
      },
      onStart: async () => {},
    });
    await expect(served).rejects.toMatchObject({ code: 'SIGTERM' });
    const file = 'b: the job file cannot be used: jobs/b.yaml:1:1  model is missing';
    const run = expect.stringMatching(/^sales: its last run failed: /);
    expect([...shown]).toEqual([
      ['00:30', expect.stringMatching(`^${file}; sales: its last run failed: `)],
      ['00:50', expect.stringContaining(file)],
      ['01:10', expect.stringContaining(file)],
      ['01:30', run],
      ['01:50', run],
      ['02:00', ''],
      ['02:20', ''],
      ['02:40', ''],
    ]);
  });

  it('says that a job cannot be looked at, and goes on', async () => {
    const folder = await quickFolder();
    const good = scheduledJob(folder);
    const bad = scheduledJob('/proc/none', {});
    const simulation = simulate('2026-11-21T00:00:00Z');
    await serve({
      simulation,
      jobs: [{ ...bad, spec: { ...bad.spec, name: 'bad' } }, good],
      pass(ms) {
        simulation.clock.advance(ms);
        if (simulation.clock.now() > new Date('2026-11-21T00:05:00Z')) simulation.drain.abort(ENDED);
      },
    });
    expect(simulation.computed).toHaveLength(1);
    expect(simulation.log.filter((line) => line.includes('cannot be looked at'))).toHaveLength(1);
    await rm(folder, { recursive: true, force: true });
  });
});

// Each look writes files: two weeks around each clock change find what a whole year does.
describe('a nightly job', () => {
  it.each([
    ['2026-03-21T12:00:00Z', '2026-04-04T12:00:00Z'],
    ['2026-10-17T12:00:00Z', '2026-10-31T12:00:00Z'],
  ])(
    'has exactly one run each night from %s to %s, with restarts, sleeps, failures and clocks that are set',
    async (FROM, TO) => {
      const schedule = { cron: '30 2 * * *', timezone: 'Europe/Stockholm', catchup: 'all' } as const;
      const job = scheduledJob(await quickFolder(), schedule);
      const clock = new FakeClock(FROM);
      const computed: string[] = [];
      let night = 0;
      while (clock.now() < new Date(TO)) {
        // A process of its own, that knows nothing of those before it.
        const simulation = simulate(clock);
        let looks = 0;
        await serve({
          simulation,
          jobs: [job],
          pass(ms) {
            looks++;
            if (looks === 20 || clock.now() >= new Date(TO)) return simulation.drain.abort(ENDED);
            night++;
            // Pseudo-random, and the same each time.
            const chance = (night * 7919) % 100;
            if (chance < 5) simulation.mishaps.push('fails');
            if (chance < 3) simulation.mishaps.push('is killed');
            if (chance >= 90) clock.advance(-20 * MINUTE);
            else if (chance >= 85) clock.advance(3 * DAY);
            else if (chance >= 60) clock.advance(ms);
            else
              clock.advance(
                (nextOccurrence(job.schedule, clock.now())?.getTime() ?? 0) - clock.now().getTime(),
              );
          },
        });
        computed.push(...simulation.computed);
      }
      const nights = isos(job, FROM, clock.now().toISOString());
      expect(nights.length).toBeGreaterThanOrEqual(14);
      expect(await occurrencesOf(job)).toEqual(nights);
      expect([...computed].sort()).toEqual(nights);
    },
  );
});

describe('two schedulers over one output folder', () => {
  it.each(['wait', 'skip'] as const)('each occurrence has exactly one run (overlap: %s)', async (overlap) => {
    const clock = new FakeClock('2026-11-21T00:00:30Z');
    const job = scheduledJob(await quickFolder(), { cron: '* * * * *', overlap, catchup: 'all' });
    const both = [simulate(clock), simulate(clock)];
    let round = 0;
    let waiting: (() => void)[] = [];
    // Both sleep, then the clock moves, then both wake up at the same instant.
    const pass = (): Promise<void> =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length < both.length) return;
        clock.advance(MINUTE);
        round++;
        if (round === 60) for (const { drain } of both) drain.abort(ENDED);
        const woken = waiting;
        waiting = [];
        for (const wake of woken) wake();
      });
    await Promise.all(both.map((simulation) => serve({ simulation, jobs: [job], pass })));
    const minutes = isos(job, '2026-11-21T00:00:00Z', clock.now().toISOString());
    const computed = both.flatMap((simulation) => simulation.computed).sort();
    expect(computed).toEqual([...new Set(computed)]);
    expect(await occurrencesOf(job)).toEqual(computed);
    // The last one came when both were ending.
    expect(computed).toEqual(minutes.slice(0, -1));
  });
});
