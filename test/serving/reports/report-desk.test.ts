import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { ReportDesk } from '../../../src/serving/reports/report-desk.ts';

describe('reports for browsers', () => {
  it('are made one at a time, once for all who want the same, and so many wait', async () => {
    let atWork = 0;
    let most = 0;
    const made: string[] = [];
    const desk = new ReportDesk({
      clock: systemClock,
      make: async ({ runId }) => {
        most = Math.max(most, ++atWork);
        await new Promise(setImmediate);
        atWork--;
        made.push(runId);
        return runId;
      },
    });
    const wanted = ['a', 'a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const pages = await Promise.all(wanted.map((runId) => desk.page({ folderOfJob: '.', runId })));
    expect(pages).toEqual(['a', 'a', 'b', 'c', 'd', 'e', 'f', null]);
    expect([most, made.join('')]).toEqual([1, 'abcdef']);
  });

  it('are tried again after one that failed', async () => {
    let isBroken = true;
    const desk = new ReportDesk({
      clock: systemClock,
      make: async () => {
        if (isBroken) throw new Error('no report');
        return 'page';
      },
    });
    const request = { folderOfJob: '.', runId: 'a' };
    await expect(desk.page(request)).rejects.toThrow('no report');
    isBroken = false;
    expect(await desk.page(request)).toBe('page');
  });
});
