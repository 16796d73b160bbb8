import { describe, expect, it } from 'vitest';
import { occurrenceOf } from '../../src/cli/targets/occurrence-of.ts';
import { planBackfill } from '../../src/schedule/backfill.ts';
import { nextOccurrences } from '../../src/schedule/cron/cron-times.ts';
import { tickOnce } from '../../src/schedule/tick.ts';
import { quickFolder, scheduledJob, simulate } from '../schedule/simulation.ts';

/** Days on which clocks change, and a local time in the gap or in the hour that comes twice. */
const CHANGES = [
  ['Europe/Stockholm', '30 2 * * *', '2026-03-29', '02:30', '2026-03-29T01:00:00.000Z'],
  ['Europe/Stockholm', '30 2 * * *', '2026-10-25', '02:30', '2026-10-25T00:30:00.000Z'],
  ['America/New_York', '30 2 * * *', '2026-03-08', '02:30', '2026-03-08T07:00:00.000Z'],
  ['America/New_York', '30 1 * * *', '2026-11-01', '01:30', '2026-11-01T05:30:00.000Z'],
  ['Australia/Lord_Howe', '15 2 * * *', '2026-10-04', '02:15', '2026-10-03T15:30:00.000Z'],
  ['Australia/Lord_Howe', '45 1 * * *', '2026-04-05', '01:45', '2026-04-04T14:45:00.000Z'],
] as const;

describe.each(CHANGES)('%s, %s on %s', (timezone, cron, day, time, instant) => {
  it('schedule next, tick, run --occurrence and backfill name the same instant', async () => {
    const job = scheduledJob(await quickFolder(), { cron, timezone, catchup: 'none' });
    const at = new Date(instant);
    const before = new Date(at.getTime() - 3_600_000);
    const after = new Date(at.getTime() + 3_600_000);
    expect(nextOccurrences(job.schedule, before, 1)).toEqual([at]);
    for (const written of [`${day}T${time}`, day, instant])
      expect(await occurrenceOf(job.spec, written, after), written).toEqual(at);
    expect(await occurrenceOf(job.spec, 'latest', after)).toEqual(at);
    const range = { from: before, to: after, order: 'oldest' } as const;
    const planned = await planBackfill(job, range, simulate(after.toISOString()));
    expect(planned.map(({ occurrence }) => occurrence)).toEqual([at]);
    const { effects, clock, computed } = simulate(before.toISOString());
    const loaded = { jobs: [job], off: [], problems: [] };
    await tickOnce(loaded, effects, 1);
    clock.set(instant);
    await tickOnce(loaded, effects, 1);
    clock.set(after.toISOString());
    await tickOnce(loaded, effects, 1);
    expect(computed).toEqual([instant]);
  });
});
