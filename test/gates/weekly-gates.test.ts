import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject, type Project } from '../support/project.ts';
import { PLANTED_FAULTS, plant } from './planted-faults.ts';
import { SimulatedShops, type WeekTables, weekDate, writeWeek } from './simulated-weeks.ts';

/** `npm run campaign:gates` simulates a year. */
const WEEKS = Number(process.env.GATE_WEEKS ?? 1);
const JOB = 'weekly-forecast';

const shops = new SimulatedShops({ stores: WEEKS > 10 ? 5 : 2, products: WEEKS > 10 ? 1000 : 500 });
let project: Project;
let week = 0;
let last: WeekTables;
let next: WeekTables;
const alarms: string[] = [];

/** Runs the job for a week. `stopped` names the gates that failed, or the error. */
async function runWeek(): Promise<{
  readonly runId: string;
  readonly stopped: readonly string[];
  readonly stderr: string;
}> {
  const { code, stdout, stderr } = await project.serveBatch([
    'run',
    JOB,
    '--occurrence',
    weekDate(week),
    '--json',
    '--batch-size',
    '4096',
  ]);
  const record = stdout === '' ? null : (JSON.parse(stdout) as RunRecord);
  const failed = (record?.gates ?? []).filter(({ verdict }) => verdict === 'failed');
  if (code === 0) return { runId: record?.runId ?? '', stopped: [], stderr };
  expect([3, 5]).toContain(code);
  return { runId: record?.runId ?? '', stopped: failed.map(({ name }) => name), stderr };
}

/** What a campaign found; a test says nothing. */
function report(line: string): void {
  if (process.env.GATE_WEEKS !== undefined) process.stdout.write(`${line}\n`);
}

beforeAll(async () => {
  project = await makeProject({ fixtures: false });
  await cp(join(REPOSITORY, 'fixtures'), project.path('fixtures'), { recursive: true });
  for (; week < WEEKS; week++) {
    last = shops.nextWeek();
    await writeWeek(project, last);
    const { runId, stopped } = await runWeek();
    if (stopped.length === 0) continue;
    alarms.push(`${weekDate(week)}: ${stopped.join(', ')}`);
    const forced = await project.serveBatch(['publish', runId, '--force', 'a false alarm']);
    expect(forced.code).toBe(0);
  }
  next = shops.nextWeek();
}, 600_000);

describe('the gates of jobs/weekly-forecast.yaml', () => {
  it('let simulated weeks with seasons, a peak at Christmas and new products pass', () => {
    report(`${WEEKS} weeks, alarms: ${alarms.join('; ') || 'none'}`);
    expect(alarms.length).toBeLessThanOrEqual(WEEKS > 10 ? 1 : 0);
  });

  it.each(PLANTED_FAULTS)('stop $title', async (fault) => {
    const restore = await plant(project, fault);
    try {
      await writeWeek(project, fault.tables?.(next, last) ?? next);
      const { stopped, stderr } = await runWeek();
      report(
        `| ${fault.title} | ${stopped.join(', ') || fault.stoppedBy} | ${stderr.trim().split('\n').at(-1)?.slice(0, 400)} |`,
      );
      if (typeof fault.stoppedBy === 'string') expect(stderr).toContain(MESSAGES[fault.stoppedBy]);
      else expect(stopped).toEqual(expect.arrayContaining([...fault.stoppedBy]));
    } finally {
      await restore();
    }
  });

  it('let the same week pass without a fault', async () => {
    await writeWeek(project, next);
    expect((await runWeek()).stopped).toEqual([]);
  });
});

const MESSAGES = {
  FEATURES_SELECT: 'A join multiplies rows where its table has a key twice',
  COVERAGE_TOO_LOW: 'coverage.min asks for 100%',
} as const;
