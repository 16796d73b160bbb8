import { describe, expect, it } from 'vitest';
import { makeProject } from '../../support/project.ts';
import { JOB, sold, week } from './weekly-project.ts';

describe('a tick of a job with actuals', () => {
  it('scores what is published once actuals are there, and again once they change', async () => {
    const scheduled = `${JOB}schedule: {cron: "0 0 1 1 *", catchup: none}\n`;
    const project = await makeProject({ jobs: { week: scheduled }, fixtures: false });
    await project.write('week.csv', week());
    const { runId } = await project.run(['week', '--occurrence', '2026-11-21']);
    const tick = async () => {
      const { code, stderr } = await project.serveBatch(['tick']);
      return [code, stderr.match(/\d+ runs? compared with what came true|cannot be compared/)?.[0] ?? null];
    };
    expect(await tick()).toEqual([0, null]);
    await project.write('sold/before.csv', sold(-28, 1));
    expect(await tick()).toEqual([0, '1 run compared with what came true']);
    expect(await tick()).toEqual([0, null]);
    await project.write('sold/next.csv', sold(1, 2));
    expect(await tick()).toEqual([0, '1 run compared with what came true']);
    // Actuals that cannot be used fail nothing, and are told.
    await project.write('sold/again.csv', sold(1, 2));
    expect(await tick()).toEqual([0, 'cannot be compared']);
    const query = await project.serveBatch([
      ...['query', '--format', 'csv'],
      `SELECT record, scored FROM accuracy WHERE run_id = '${runId}' AND segment_by = 'whole' ORDER BY record`,
    ]);
    expect(query.stdout).toBe('record,scored\n1,4\n2,8\n');
  });
});
