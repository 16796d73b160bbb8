import { describe, expect, it } from 'vitest';
import { backfill, planBackfill } from '../../src/schedule/backfill.ts';
import { tickOnce } from '../../src/schedule/tick.ts';
import { MINUTE, quickFolder, scheduledJob, simulate } from './simulation.ts';

const range = (from: string, to: string) =>
  ({ from: new Date(from), to: new Date(to), order: 'oldest' }) as const;

describe('a run that is committed, but not published', () => {
  const days = range('2026-11-18T00:00:00Z', '2026-11-18T00:00:00Z');

  it.each([
    ['its command was killed', 'is killed once it is committed', 'published'],
    ['its coverage is too low', 'coverage is too low', 'committed'],
  ] as const)('is seen through by the next backfill only where %s', async (_, mishap, then) => {
    const job = scheduledJob(await quickFolder());
    const simulation = simulate('2026-11-18T12:00:00Z');
    simulation.mishaps.push(mishap);
    const plan = () => planBackfill(job, days, simulation.effects);
    await backfill(job, await plan(), simulation.effects);
    const isOpen = then === 'published';
    expect(await plan()).toMatchObject([{ state: 'committed', isComplete: !isOpen }]);
    expect(await backfill(job, await plan(), simulation.effects)).toBeNull();
    expect(await plan()).toMatchObject([{ state: then, isComplete: true }]);
    expect(simulation.computed).toHaveLength(1);
  });

  it('is left where readers see a newer one', async () => {
    const job = scheduledJob(await quickFolder());
    const simulation = simulate('2026-11-19T12:00:00Z');
    simulation.mishaps.push('is killed once it is committed');
    await backfill(job, await planBackfill(job, days, simulation.effects), simulation.effects);
    const next = range('2026-11-19T00:00:00Z', '2026-11-19T00:00:00Z');
    await backfill(job, await planBackfill(job, next, simulation.effects), simulation.effects);
    expect(await planBackfill(job, days, simulation.effects)).toMatchObject([
      { state: 'committed', isComplete: true },
    ]);
  });
});

describe('what a backfill would do', () => {
  it('names what is known of each occurrence, and runs those that failed again', async () => {
    const job = scheduledJob(await quickFolder(), { retries: 0 });
    const simulation = simulate('2026-11-18T12:00:00Z');
    const tick = () => tickOnce({ jobs: [job], off: [], problems: [] }, simulation.effects, 1);
    await tick();
    simulation.clock.set('2026-11-20T00:00:00Z');
    simulation.mishaps.push('fails');
    await tick();
    simulation.clock.set('2026-11-21T00:00:00Z');
    await tick();
    simulation.clock.advance(MINUTE);
    const days = range('2026-11-18T00:00:00Z', '2026-11-21T00:00:00Z');
    const planned = await planBackfill(job, days, simulation.effects);
    expect(planned.map(({ state, error }) => [state, error?.code ?? null])).toEqual([
      [null, null],
      ['missed', null],
      ['failed', 'INPUT_NOT_FOUND'],
      ['published', null],
    ]);
    expect(await backfill(job, planned, simulation.effects)).toBeNull();
    const after = await planBackfill(job, days, simulation.effects);
    expect(after.every(({ runId }) => runId !== null)).toBe(true);
    expect(simulation.computed).toHaveLength(4);
  });

  it('refuses more occurrences than anybody means', async () => {
    const job = scheduledJob(await quickFolder(), { cron: '* * * * *' });
    const { effects } = simulate('2026-11-21T12:00:00Z');
    await expect(
      planBackfill(job, range('2026-01-01T00:00:00Z', '2026-11-21T00:00:00Z'), effects),
    ).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('466,561 occurrences'),
    });
  });
});
