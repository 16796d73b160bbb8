import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bindJob } from '../../../src/config/bind-job.ts';
import { adHocJob } from '../../../src/config/override-job.ts';
import { DEFAULT_SCHEDULE } from '../../../src/config/sections/schedule.ts';
import { normaliseWaitFor, type waitFor } from '../../../src/config/sections/wait-for.ts';
import type { Readiness } from '../../../src/core/readiness.ts';
import { fixedClock, temporaryFolder } from '../../runs/sample-run.ts';
import { built } from '../../support/built.ts';
import { inProcess } from '../../support/in-process-workers.ts';

const { checkReadiness } = await built<typeof import('../../../src/jobs/readiness/check-readiness.ts')>(
  'jobs/readiness/check-readiness.ts',
);

const NOW = '2026-11-21T06:00:00.000Z';

type Written = Parameters<typeof normaliseWaitFor>[0] & ReturnType<(typeof waitFor)['parse']>;

async function check(
  folder: string,
  conditions: Written,
  startWorkers = inProcess.start,
): Promise<Readiness> {
  const schedule = { ...DEFAULT_SCHEDULE, cron: '0 0 * * *', waitFor: normaliseWaitFor(conditions, folder) };
  const spec = { ...adHocJob({ model: 'm.onnx', inputs: [join(folder, 'input.csv')] }), schedule };
  const bound = bindJob(spec, { occurrence: new Date('2026-11-21T00:00:00Z'), now: new Date(NOW) });
  return checkReadiness(bound, {
    clock: fixedClock(NOW),
    signal: new AbortController().signal,
    startWorkers,
  });
}

async function changedAt(path: string, time: string): Promise<void> {
  await writeFile(path, '');
  await utimes(path, new Date(time), new Date(time));
}

describe('checkReadiness', () => {
  it('files: templates are filled; empty ones, folders and matches of globs are there', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, '2026-11-21'));
    await changedAt(join(folder, '2026-11-21/_SUCCESS'), '2026-11-21T05:00:00Z');
    const { isReady, conditions } = await check(folder, [
      { file: '{{ occurrence.date }}/_SUCCESS' },
      { file: '{{ occurrence.date }}' },
      { file: '*/_SUCC*' },
      { file: '{{ occurrence.date + 1d }}/_SUCCESS' },
    ]);
    expect(isReady).toBe(false);
    expect(conditions.map(({ isMet }) => isMet)).toEqual([true, true, true, false]);
    expect(conditions[0]).toEqual({
      condition: 'file 2026-11-21/_SUCCESS',
      isMet: true,
      found: 'changed at 2026-11-21T05:00:00.000Z',
    });
    expect(conditions[3]).toEqual({
      condition: 'file 2026-11-22/_SUCCESS',
      isMet: false,
      found: 'not there',
    });
  });

  it.each([
    [{ maxAge: '1h' }, '2026-11-21T05:30:00Z', true],
    [{ maxAge: '1h' }, '2026-11-21T04:59:59Z', false],
    [{ unchangedFor: '1m' }, '2026-11-21T05:59:30Z', false],
    [{ unchangedFor: '1m' }, '2026-11-21T05:59:00Z', true],
  ])('a file with %j that was changed at %s: %s', async (limit, time, isMet) => {
    const folder = await temporaryFolder();
    await changedAt(join(folder, 'a.csv'), time);
    expect((await check(folder, [{ file: 'a.csv', ...limit }])).conditions).toMatchObject([{ isMet }]);
  });

  it('tables are looked at in a worker, and only once all files are there', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'input.csv'), 'a\n1\n2\n');
    const conditions: Written = [
      { file: '_SUCCESS' },
      { table: 'input', rows: 2 },
      { sql: 'true); SELECT (true' },
    ];
    const never = () => {
      throw new Error('no worker is needed');
    };
    expect((await check(folder, conditions, never)).conditions.slice(1)).toEqual([
      { condition: 'table input', isMet: null, found: 'not looked at yet' },
      { condition: 'true); SELECT (true', isMet: null, found: 'not looked at yet' },
    ]);
    await writeFile(join(folder, '_SUCCESS'), '');
    expect((await check(folder, conditions.slice(0, 2))).isReady).toBe(true);
    await expect(check(folder, conditions)).rejects.toMatchObject({ code: 'JOB_FILE' });
  });
});
