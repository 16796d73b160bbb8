import { describe, expect, it } from 'vitest';
import { folderOfJob } from '../../../src/jobs/plan/locations.ts';
import { lookAtJob } from '../../../src/schedule/look.ts';
import { pauseJob, resumeJob } from '../../../src/schedule/pause.ts';
import { serveSchedule } from '../../../src/schedule/serve.ts';
import { tickOnce } from '../../../src/schedule/tick.ts';
import {
  type OrderedJob,
  orderProblem,
  predecessorState,
} from '../../../src/schedule/waiting/predecessors.ts';
import { quickFolder, scheduledJob, simulate } from '../simulation.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const daily = { cron: '0 0 * * *', timezone: 'UTC' };

function job(name: string, after: readonly string[], schedule: OrderedJob['schedule'] = daily): OrderedJob {
  return { name, after, schedule };
}

describe('orderProblem', () => {
  it.each<[string, readonly OrderedJob[], string | null]>([
    ['a job after another', [job('b', ['a']), job('a', [])], null],
    ['a job after one without a schedule', [job('b', ['a']), job('a', [], null)], null],
    [
      'a job after one that occurs more often',
      [job('b', ['a']), job('a', [], { cron: '0 * * * *', timezone: 'UTC' })],
      null,
    ],
    [
      'an unknown job',
      [job('weekly', ['price']), job('prices', [])],
      'no job has that name. Did you mean "prices"?',
    ],
    ['itself', [job('a', ['a'])], 'the jobs wait for each other: a after a.'],
    ['a circle', [job('a', ['b']), job('b', ['c']), job('c', ['a'])], 'a after b after c after a'],
    [
      'one that never occurs then',
      [job('b', ['a']), job('a', [], { cron: '0 5 * * *', timezone: 'UTC' })],
      'the two never occur at the same instant (0 5 * * * and 0 0 * * *)',
    ],
    ['a job beside a circle', [job('x', ['a']), job('a', ['b']), job('b', ['a'])], null],
  ])('%s', (_, all, message) => {
    const [first] = all;
    const problem = first === undefined ? null : orderProblem(first, all, NOW);
    if (message === null) expect(problem).toBeNull();
    else expect(problem).toMatchObject({ code: 'JOB_FILE', message: expect.stringContaining(message) });
  });
});

describe('a job after another', () => {
  it('starts once the same occurrence of the other was published, and not before', async () => {
    const root = await quickFolder();
    const first = scheduledJob(root);
    const made = scheduledJob(root, { deadlineSeconds: 3600, after: ['sales'] });
    const prices = { job: 'sales', folderOfJob: folderOfJob(first.spec), schedule: first.schedule };
    const second = { ...made, spec: { ...made.spec, name: 'forecast' }, after: [prices] };
    const simulation = simulate('2026-11-20T12:00:00Z');
    const tick = () => tickOnce({ jobs: [second, first], off: [], problems: [] }, simulation.effects, 1);
    await tick();
    simulation.clock.set('2026-11-21T00:00:00Z');
    simulation.mishaps.push('fails');
    await tick();
    expect(simulation.log).toContainEqual(
      'info: waits for sales of 2026-11-21T00:00:00.000Z published (it has not run yet)',
    );
    expect(simulation.computed).toEqual([]);
    // The first one's retry is due, and the second one's next check is not.
    simulation.clock.set('2026-11-21T00:10:00Z');
    await lookAtJob(second, simulation.effects);
    simulation.clock.set('2026-11-21T00:10:30Z');
    await tick();
    expect(simulation.computed).toHaveLength(2);
    expect(await predecessorState(prices, new Date('2026-11-21T00:00:00Z'), simulation.clock)).toMatchObject({
      isMet: true,
      found: expect.stringMatching(/^run /),
    });
  });

  it('starts when the run of the other ends, and not a minute later', async () => {
    const root = await quickFolder();
    const first = scheduledJob(root);
    const made = scheduledJob(root, { deadlineSeconds: 3600, after: ['sales'] });
    const prices = { job: 'sales', folderOfJob: folderOfJob(first.spec), schedule: first.schedule };
    const second = { ...made, spec: { ...made.spec, name: 'forecast' }, after: [prices] };
    const simulation = simulate('2026-11-20T23:59:58Z');
    const started: string[] = [];
    const runJob: typeof simulation.effects.runJob = (options) => {
      started.push(`${options.spec.name} ${simulation.clock.now().toISOString().slice(11, 19)}`);
      return simulation.effects.runJob(options);
    };
    const served = serveSchedule({
      load: async () => ({ jobs: [second, first], off: [], problems: [] }),
      effects: { ...simulation.effects, runJob },
      concurrency: 2,
      async sleep(ms, signal) {
        await simulation.idle();
        if (signal.aborted) return;
        simulation.clock.advance(ms);
        if (simulation.clock.now() > new Date('2026-11-21T00:05:00Z')) simulation.drain.abort('ended');
      },
      onStart: async () => {},
    });
    await expect(served).rejects.toBe('ended');
    expect(started).toEqual(['sales 00:00:00', 'forecast 00:00:00']);
  });

  it('says what has become of the other: it runs, or is paused', async () => {
    const first = scheduledJob(await quickFolder());
    const folder = folderOfJob(first.spec);
    const prices = { job: 'sales', folderOfJob: folder, schedule: first.schedule };
    const simulation = simulate('2026-11-21T00:00:00Z');
    const { clock, effects } = simulation;
    const found = async () => (await predecessorState(prices, clock.now(), clock)).found;
    let whileRunning = '';
    const runJob: typeof effects.runJob = (options) =>
      effects.runJob({
        ...options,
        witness: {
          begins: async (readiness) => {
            await options.witness?.begins(readiness);
            whileRunning = (await predecessorState(prices, new Date('2026-11-21T00:00:00Z'), clock)).found;
          },
          ends: async (end) => options.witness?.ends(end),
        },
      });
    await pauseJob(folder, { reason: 'wrong\nprices', by: 'anna', alertAfterSeconds: 60, now: clock.now() });
    expect(await found()).toBe(
      'it has not run yet; the job is paused since 2026-11-21T00:00:00Z by anna: wrong prices',
    );
    await resumeJob(folder);
    await tickOnce({ jobs: [first], off: [], problems: [] }, { ...effects, runJob }, 1);
    expect(whileRunning).toBe('running');
  });

  it('does not wait for an occurrence that the other does not have', async () => {
    const { spec } = scheduledJob(await quickFolder());
    const schedule = { cron: '0 0 * * 6', timezone: 'UTC' };
    const other = { job: 'sales', folderOfJob: folderOfJob(spec), schedule };
    const state = (day: string) =>
      predecessorState(other, new Date(`${day}T00:00:00Z`), simulate(`${day}T00:00:00Z`).clock);
    expect(await state('2026-11-22')).toMatchObject({ isMet: true, found: 'it does not occur then' });
    expect(await state('2026-11-21')).toMatchObject({ isMet: false, found: 'it has not run yet' });
  });
});
