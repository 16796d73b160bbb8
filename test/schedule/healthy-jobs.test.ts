import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ScheduleSpec } from '../../src/config/sections/schedule.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import { folderOfJob } from '../../src/jobs/plan/locations.ts';
import { currentFile } from '../../src/runs/layout.ts';
import { recordPath } from '../../src/runs/occurrence/occurrence-record.ts';
import { GoingRuns, STALLED_MS } from '../../src/schedule/going-runs.ts';
import { Places } from '../../src/schedule/places.ts';
import { ReadyJobs } from '../../src/schedule/ready-jobs.ts';
import type { ScheduledJob } from '../../src/schedule/schedule-effects.ts';
import { serveSchedule } from '../../src/schedule/serve.ts';
import { tickOnce } from '../../src/schedule/tick.ts';
import { HOUR, MINUTE, quickFolder, type Simulation, scheduledJob, simulate } from './simulation.ts';

const ENDED = new ServeBatchError('SIGTERM', 'ended');

function named(name: string, root: string, changes: Partial<ScheduleSpec> = {}, slots = 1): ScheduledJob {
  const { spec, schedule } = scheduledJob(root, changes);
  return { spec: { ...spec, name, execution: { ...spec.execution, slots } }, schedule };
}

/** Serves until the clock has come to an instant; every sleep takes no time. */
async function serveUntil(
  end: string,
  jobs: readonly ScheduledJob[],
  simulation: Simulation,
  runJob: Simulation['effects']['runJob'],
): Promise<void> {
  const service = serveSchedule({
    load: async () => ({ jobs, off: [], problems: [] }),
    effects: { ...simulation.effects, runJob },
    concurrency: 2,
    async sleep(ms, signal) {
      await simulation.idle();
      for (let turn = 0; turn < 20 && !signal.aborted; turn++) await setImmediate();
      if (signal.aborted) return;
      simulation.clock.advance(ms);
      if (simulation.clock.now() > new Date(end)) simulation.drain.abort(ENDED);
    },
    onStart: async () => {},
  });
  await expect(service).rejects.toMatchObject({ code: 'SIGTERM' });
}

describe('jobs that hang', () => {
  it('do not keep a healthy one from running for ever, though they hold both places', async () => {
    const root = await quickFolder();
    const simulation = simulate('2026-11-21T00:00:05Z');
    const stop = new AbortController();
    simulation.drain.signal.addEventListener('abort', () => stop.abort());
    const jobs = [
      named('a', root, { cron: '0 * * * *' }),
      named('b', root, { cron: '0 * * * *' }),
      named('healthy', root, { cron: '*/5 * * * *' }),
    ];
    const ran: string[] = [];
    await serveUntil('2026-11-21T01:00:00Z', jobs, simulation, (options) => {
      if (options.spec.name === 'healthy') {
        ran.push(options.spec.occurrence ?? '');
        return simulation.effects.runJob(options);
      }
      return new Promise((_, reject) => stop.signal.addEventListener('abort', () => reject(ENDED)));
    });
    // For a quarter of an hour they may be slow; then their places are given to others.
    expect(ran.map((each) => each.slice(14, 16))).toEqual(
      expect.arrayContaining(['15', '20', '25', '30', '35', '40', '45', '50', '55']),
    );
    expect(simulation.log.filter((line) => line.includes('has made no progress'))).toHaveLength(2);
  });

  it('have their place back when they go on', () => {
    const { clock, effects } = simulate('2026-11-21T00:00:00Z');
    const runs = new GoingRuns(1, effects);
    const job = named('a', '/nowhere');
    let update = (): void => {};
    runs.start(job, (progress) => {
      update = () => progress.update({ stage: 'score' });
      return new Promise(() => {});
    });
    clock.advance(STALLED_MS);
    expect(runs.hasRoomFor(job)).toBe(true);
    update();
    expect(runs.hasRoomFor(job)).toBe(false);
  });
});

describe('a job whose look does not end', () => {
  it('holds up no other', async () => {
    const root = await quickFolder();
    const simulation = simulate('2026-11-21T00:00:05Z');
    const silent = new Promise<void>(() => {});
    const late = named('late', root, { cron: '* * * * *', deadlineSeconds: 1, overlap: 'skip' });
    const effects = {
      ...simulation.effects,
      announcer: { ...simulation.effects.announcer, alert: () => silent },
    };
    const jobs = [late, named('healthy', root, { cron: '* * * * *' })];
    await serveUntil('2026-11-21T00:05:00Z', jobs, { ...simulation, effects }, (options) =>
      options.spec.name === 'late'
        ? Promise.reject(new ServeBatchError('INPUT_NOT_FOUND', 'none'))
        : simulation.effects.runJob(options),
    );
    expect(simulation.computed.length).toBeGreaterThanOrEqual(5);
  }, 60_000);
});

describe('a job whose folder cannot be read', () => {
  it('fails for itself in a tick: the jobs after it run, and the tick ends once they have', async () => {
    const root = await quickFolder();
    const simulation = simulate('2026-11-21T00:00:05Z');
    const [broken, healthy] = [named('a', root), named('healthy', root)];
    // What names the published run is a folder.
    await mkdir(currentFile(folderOfJob(broken.spec)), { recursive: true });
    const loaded = { jobs: [broken, healthy], off: [], problems: [] };
    const failure = await tickOnce(loaded, simulation.effects, 1);
    expect(failure).toMatchObject({ message: expect.stringContaining('not a file') });
    expect(simulation.computed).toHaveLength(1);
    expect(simulation.log.join('\n')).toContain('cannot be looked at');
  });
});

describe('many jobs with much to catch up', () => {
  it('each has its turn, and one that is in time goes first', async () => {
    const root = await quickFolder();
    const simulation = simulate('2026-11-21T12:00:05Z');
    const old = { cron: '*/10 * * * *', catchup: 'all' } as const;
    const jobs = [named('a', root, old), named('b', root, old), named('hourly', root, { cron: '0 * * * *' })];
    await serveUntil('2026-11-21T12:00:30Z', jobs, simulation, simulation.effects.runJob);
    const next = { ...simulate(simulation.clock), log: simulation.log };
    simulation.clock.advance(5 * HOUR - MINUTE);
    const order: string[] = [];
    await serveUntil('2026-11-21T17:01:00Z', jobs, next, (options) => {
      order.push(options.spec.name);
      return next.effects.runJob(options);
    });
    expect(order.filter((name) => name === 'a')).toHaveLength(30);
    expect(order.filter((name) => name === 'b')).toHaveLength(30);
    const turns = order.slice(0, 40).filter((name) => name === 'a').length;
    expect(Math.abs(turns - 20)).toBeLessThanOrEqual(1);
  });

  it('take turns, however long their runs are and however many places they take, and write nothing while they wait', async () => {
    const root = await quickFolder();
    const simulation = simulate('2026-11-21T12:12:00Z');
    const jobs = Array.from({ length: 12 }, (_, index) =>
      named(`late-${index}`, root, { cron: '*/15 * * * *', catchup: 'all' }, index === 5 ? 2 : 1),
    );
    await serveUntil('2026-11-21T12:12:30Z', jobs, simulation, simulation.effects.runJob);
    const next = simulate(simulation.clock);
    next.clock.advance(5 * HOUR);
    const turns = new Map(jobs.map(({ spec }) => [spec.name, 0]));
    const noted: string[] = [];
    let widest = 0;
    let going = 0;
    const idle = async (): Promise<void> => {
      while (going > 0) await setImmediate();
    };
    await serveUntil('2026-11-21T17:14:30Z', jobs, { ...next, idle }, async (options) => {
      going++;
      const { name, occurrence } = options.spec;
      if (existsSync(recordPath(folderOfJob(options.spec), new Date(occurrence ?? '')))) noted.push(name);
      const turn = (turns.get(name) ?? 0) + 1;
      turns.set(name, turn);
      widest = Math.max(widest, turn - Math.min(...turns.values()));
      for (let rounds = (turn * 7) % 5; rounds > 0; rounds--) await setImmediate();
      return next.effects.runJob(options).finally(() => going--);
    });
    expect([...turns.values()]).toEqual(jobs.map(() => 20));
    expect(widest).toBeLessThanOrEqual(1);
    expect(noted).toEqual([]);
  });

  it('are put in order', () => {
    const ready = new ReadyJobs();
    const now = new Date('2026-11-21T12:00:00Z');
    const at = (time: string) => new Date(`2026-11-${time}:00Z`);
    const [a, b, inTime] = [named('a', '/x'), named('b', '/x'), named('in-time', '/x')];
    ready.setOccurrence(a, at('20T00:00'));
    ready.setOccurrence(b, at('19T00:00'));
    ready.setOccurrence(inTime, at('21T12:00'));
    expect(ready.inOrder(now).map(({ job }) => job.spec.name)).toEqual(['in-time', 'b', 'a']);
    ready.started(b);
    ready.setOccurrence(b, at('19T01:00'));
    expect(ready.inOrder(now).map(({ job }) => job.spec.name)).toEqual(['in-time', 'a', 'b']);
    ready.keepOnly([a]);
    expect(ready.inOrder(now)).toHaveLength(1);
  });
});

describe('execution.slots', () => {
  it('a job of two places runs beside one of one where there are three', () => {
    const { effects } = simulate('2026-11-21T00:00:00Z');
    const runs = new GoingRuns(3, effects);
    runs.start(named('large', '/x', {}, 2), () => new Promise(() => {}));
    expect(runs.hasRoomFor(named('another', '/x', {}, 2))).toBe(false);
    expect(runs.hasRoomFor(named('small', '/x'))).toBe(true);
  });

  it('a job that finds too few places free has them kept, and smaller ones use only the rest', async () => {
    const { effects } = simulate('2026-11-21T00:00:00Z');
    const runs = new GoingRuns(3, effects);
    const [large, small] = [named('large', '/x', {}, 2), named('small', '/x')];
    const ends = ['a', 'b'].map((name) => {
      let end = (): void => {};
      const ended = runs.start(named(name, '/x'), () => new Promise((resolve) => (end = resolve)));
      return async () => {
        end();
        await ended;
      };
    });
    runs.keepFor(large);
    expect(runs.hasRoomFor(small), 'one of three is left over').toBe(true);
    runs.start(named('passes', '/x'), () => new Promise(() => {}));
    for (const end of ends) {
      await end();
      expect(runs.hasRoomFor(small), 'the places that come free are kept').toBe(false);
    }
    expect(runs.hasRoomFor(large)).toBe(true);
  });

  it('a job that no longer wants to start gives up the places kept for it', () => {
    const { effects } = simulate('2026-11-21T00:00:00Z');
    const runs = new GoingRuns(2, effects);
    const [large, small] = [{ job: named('large', '/x', {}, 2) }, { job: named('small', '/x') }];
    runs.start(named('a', '/x'), () => new Promise(() => {}));
    runs.keepFor(large.job);
    expect(runs.inTurn([small, large])).toEqual([large, small]);
    expect(runs.hasRoomFor(small.job)).toBe(false);
    expect(runs.inTurn([small])).toEqual([small]);
    expect(runs.hasRoomFor(small.job)).toBe(true);
  });

  it('a job of all places runs each time, though small ones are always due', async () => {
    const root = await quickFolder();
    const simulation = simulate('2026-11-21T00:00:30Z');
    const small = ['a', 'b', 'c'].map((name) => named(name, root, { cron: '* * * * *' }));
    const large = named('large', root, { cron: '*/5 * * * *' }, 2);
    const going: { readonly until: number; readonly end: () => void }[] = [];
    const endThose = (isOver: (until: number) => boolean): void => {
      for (const run of going.splice(0))
        if (isOver(run.until)) run.end();
        else going.push(run);
    };
    const idle = async (): Promise<void> => {
      await simulation.idle();
      endThose((until) => simulation.clock.now().getTime() >= until);
    };
    simulation.drain.signal.addEventListener('abort', () => endThose(() => true));
    const ran = new Map<string, number>();
    await serveUntil('2026-11-21T00:17:00Z', [...small, large], { ...simulation, idle }, async (options) => {
      const { name } = options.spec;
      ran.set(name, (ran.get(name) ?? 0) + 1);
      // Two that begin together do not end together.
      const until = simulation.clock.now().getTime() + (ran.get(name) ?? 0) * 10_000 + 50_000;
      if (name !== 'large') await new Promise<void>((end) => going.push({ until, end }));
      return simulation.effects.runJob(options);
    });
    expect(ran.get('large') ?? 0).toBeGreaterThanOrEqual(2);
    expect(Math.min(...small.map(({ spec }) => ran.get(spec.name) ?? 0))).toBeGreaterThanOrEqual(2);
  });

  it('places are given in order, and all of them to a job that wants more', async () => {
    const places = new Places(2);
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await setImmediate();
      log.push(`${name} ends`);
    };
    await Promise.all([
      places.take(1, work('a')),
      places.take(5, work('all')),
      places.take(1, work('b')),
      places.take(1, work('c')),
    ]);
    expect(log.slice(0, 4)).toEqual(['a begins', 'a ends', 'all begins', 'all ends']);
    expect(log.slice(4)).toEqual(['b begins', 'c begins', 'b ends', 'c ends']);
  });
});
