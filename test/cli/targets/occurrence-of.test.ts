import { describe, expect, it } from 'vitest';
import { occurrenceOf } from '../../../src/cli/targets/occurrence-of.ts';
import { adHocJob } from '../../../src/config/override-job.ts';
import { DEFAULT_SCHEDULE, type ScheduleSpec } from '../../../src/config/sections/schedule.ts';

const NOW = new Date('2026-11-25T10:00:00Z');

function jobOf(schedule: Partial<ScheduleSpec> | null) {
  const job = adHocJob({ model: 'sales.onnx' });
  return {
    ...job,
    schedule: schedule === null ? null : { ...DEFAULT_SCHEDULE, cron: '0 0 * * 6', ...schedule },
  };
}

describe('the occurrence latest', () => {
  it('is the newest one that has come', async () => {
    expect(await occurrenceOf(jobOf({}), 'latest', NOW)).toEqual(new Date('2026-11-21T00:00:00Z'));
    expect(await occurrenceOf(jobOf({ timezone: 'Europe/Stockholm' }), 'latest', NOW)).toEqual(
      new Date('2026-11-20T23:00:00Z'),
    );
  });

  it.each([
    [null, 'the job sales has no schedule that says which one that is'],
    [{ cron: '0 0 29 2 *' }, null],
  ])('with the schedule %j', async (schedule, message) => {
    const found = occurrenceOf(jobOf(schedule), 'latest', NOW);
    if (message === null) expect(await found).toEqual(new Date('2024-02-29T00:00:00Z'));
    else
      await expect(found).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(message) });
  });
});
