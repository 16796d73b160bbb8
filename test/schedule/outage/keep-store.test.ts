import { describe, expect, it } from 'vitest';
import { ServeBatchError } from '../../../src/core/errors.ts';
import { folderOfJob } from '../../../src/jobs/plan/locations.ts';
import type { StoreState } from '../../../src/jobs/publish/store-state.ts';
import { acquireLock } from '../../../src/runs/lock/lock.ts';
import { pauseJob } from '../../../src/schedule/pause.ts';
import type { ScheduledJob, StoreKeeper } from '../../../src/schedule/schedule-effects.ts';
import { serveSchedule } from '../../../src/schedule/serve.ts';
import { tickOnce } from '../../../src/schedule/tick.ts';
import { MINUTE, quickFolder, type Simulation, scheduledJob, simulate } from '../simulation.ts';

const RUN = '20261120T000000Z-k3x9';
const LOST: StoreState = { kind: 'lost', published: RUN, held: null };
const FOREIGN: StoreState = {
  kind: 'foreign',
  published: RUN,
  held: '20261121T000000Z-zzzz',
  why: 'Not ours. If so',
};

/** A store that shows something else until it is loaded again. */
class Store implements StoreKeeper {
  state: StoreState;
  reloads = 0;
  failure: ServeBatchError | null = null;
  looks = 0;

  constructor(state: StoreState) {
    this.state = state;
  }

  async compare(): Promise<StoreState> {
    this.looks++;
    return this.state;
  }

  async reload(): Promise<boolean> {
    this.reloads++;
    if (this.failure !== null) throw this.failure;
    this.state = { kind: 'same' };
    return true;
  }
}

async function withStore(state: StoreState) {
  const job = scheduledJob(await quickFolder());
  const simulation = simulate('2026-11-20T12:00:00Z');
  const store = new Store(state);
  const effects = { ...simulation.effects, stores: store };
  const tick = () => tickOnce({ jobs: [job], off: [], problems: [] }, effects, 1);
  return { job, simulation, store, effects, tick };
}

function events({ alerts }: Simulation): string[] {
  return alerts.map(({ event, message }) => `${event}: ${message}`);
}

describe('a tick', () => {
  it('loads the published run again into a store that was emptied, and tells of it', async () => {
    const { simulation, store, tick } = await withStore(LOST);
    expect(await tick()).toBeNull();
    expect(await tick()).toBeNull();
    expect(store.reloads).toBe(1);
    expect(events(simulation)).toEqual([
      `lost: The store of sales shows no run; the published run is ${RUN}. It was loaded again.`,
    ]);
    expect(simulation.alerts[0]).toMatchObject({ runId: RUN, occurrence: null });
  });

  it('tells each time that it happens', async () => {
    const { simulation, store, tick } = await withStore(LOST);
    await tick();
    store.state = LOST;
    await tick();
    expect(events(simulation)).toHaveLength(2);
  });

  it('leaves a store alone that shows a run of somebody else, and tells of it once', async () => {
    const { simulation, store, tick } = await withStore(FOREIGN);
    await tick();
    await tick();
    expect(store.reloads).toBe(0);
    expect(events(simulation)).toEqual([
      `lost: The store of sales shows run 20261121T000000Z-zzzz; the published run is ${RUN}. It is not loaded again by itself. Not ours. If so, load it with "serve-batch publish ${RUN}".`,
    ]);
  });

  it('fails where it cannot be loaded again, tells once, and tries on', async () => {
    const { simulation, store, tick } = await withStore(LOST);
    store.failure = new ServeBatchError('STORE_REFUSED', 'its memory is used up');
    expect(await tick()).toMatchObject({ code: 'STORE_REFUSED' });
    expect(await tick()).toMatchObject({ exitCode: 7 });
    expect(events(simulation)).toEqual([
      expect.stringContaining('cannot be loaded again: its memory is used up'),
    ]);
    store.failure = null;
    expect(await tick()).toBeNull();
    expect(store.state).toEqual({ kind: 'same' });
  });

  it('a store that does not answer fails nothing: the run of an occurrence will say so', async () => {
    const { simulation, effects, job } = await withStore(LOST);
    const compare = () => Promise.reject(new ServeBatchError('STORE_UNAVAILABLE', 'no answer'));
    const stores: StoreKeeper = { compare, reload: async () => false };
    const loaded = { jobs: [job], off: [], problems: [] };
    expect(await tickOnce(loaded, { ...effects, stores }, 1)).toBeNull();
    expect(simulation.log).toEqual(['warn: the store cannot be compared with the published run: no answer']);
  });

  it('does not look while somebody works on the job, or while it is paused', async () => {
    const { job, simulation, store, tick } = await withStore(LOST);
    const lock = await acquireLock(folderOfJob(job.spec), { clock: simulation.clock });
    await tick();
    await lock.release();
    const pause = { reason: null, by: 'anna', alertAfterSeconds: 86_400, now: simulation.clock.now() };
    await pauseJob(folderOfJob(job.spec), pause);
    await tick();
    expect([store.looks, store.reloads]).toEqual([0, 0]);
  });
});

describe('the service', () => {
  it('loads as many stores at once as there are places, and looks every five minutes', async () => {
    const root = await quickFolder();
    const simulation = simulate('2026-11-20T12:00:00Z');
    const jobs: ScheduledJob[] = ['a', 'b', 'c', 'd', 'e'].map((name) => {
      const { spec, schedule } = scheduledJob(root);
      return { spec: { ...spec, name }, schedule };
    });
    const loaded = new Set<string>();
    let looks = 0;
    let going = 0;
    let most = 0;
    const stores: StoreKeeper = {
      compare: async ({ name }) => {
        looks++;
        return loaded.has(name) ? { kind: 'same' } : LOST;
      },
      reload: async ({ name }) => {
        most = Math.max(most, ++going);
        await new Promise((resolve) => setImmediate(resolve));
        going--;
        loaded.add(name);
        return true;
      },
    };
    let passes = 0;
    const served = serveSchedule({
      load: async () => ({ jobs, off: [], problems: [] }),
      effects: { ...simulation.effects, stores },
      concurrency: 2,
      onStart: async () => {},
      async sleep(ms, signal) {
        await new Promise((resolve) => setImmediate(resolve));
        if (!signal.aborted) simulation.clock.advance(Math.min(ms, MINUTE));
        if (++passes > 30) simulation.drain.abort(new ServeBatchError('SIGTERM', 'ended'));
      },
    });
    await expect(served).rejects.toMatchObject({ code: 'SIGTERM' });
    expect([...loaded].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(most).toBe(2);
    const minutes = (simulation.clock.now().getTime() - Date.parse('2026-11-20T12:00:00Z')) / MINUTE;
    expect(looks).toBeLessThanOrEqual(jobs.length * (Math.floor(minutes / 5) + 1));
  });
});
