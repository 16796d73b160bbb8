import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { OccurrenceRecord } from '../../src/runs/occurrence/occurrence-record.ts';
import type { ScheduleStatus } from '../../src/schedule/schedule-status.ts';
import { until } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { releasedLock } from './released-lock.ts';

const MINUTE = 60_000;

/** A cron expression that came a minute ago, and does not come again while the test runs. */
function aMinuteAgo(): { readonly cron: string; readonly occurrence: string } {
  const at = new Date(Math.floor(Date.now() / MINUTE - 1) * MINUTE);
  return { cron: `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`, occurrence: at.toISOString() };
}

function job(schedule: string, more = ''): string {
  return `input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
schedule: ${schedule}
${more}`;
}

function records(project: Project, name = 'weekly'): OccurrenceRecord[] {
  const folder = project.path('out', name, 'occurrences');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((each) => /^\d+T\d+Z\.json$/.test(each))
    .map((each) => JSON.parse(readFileSync(`${folder}/${each}`, 'utf8')) as OccurrenceRecord);
}

describe('tick', () => {
  it('runs what is due once, writes the ledger, and shows in schedule ls', async () => {
    const { cron, occurrence } = aMinuteAgo();
    const project = await makeProject({ jobs: { weekly: job(`"${cron}"`) } });
    const [first, second] = [
      await project.serveBatch(['tick']),
      await project.serveBatch(['tick', 'weekly']),
    ];
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.stderr).toContain('published: ');
    expect(second.stderr).toBe('');
    const [runId] = await project.runs('weekly');
    expect(await project.runs('weekly')).toHaveLength(1);
    expect(records(project)).toMatchObject([{ occurrence, state: 'done', attempts: 0, runId }]);
    const { stdout } = await project.serveBatch(['schedule', 'ls', '--json']);
    const last = { occurrence, result: 'published', runId, error: null };
    expect(JSON.parse(stdout) as ScheduleStatus[]).toMatchObject([
      { job: 'weekly', cron, timezone: 'UTC', last },
    ]);
    const next = await project.serveBatch(['schedule', 'next', 'weekly', '-n', '3', '--json']);
    expect(JSON.parse(next.stdout)).toHaveLength(3);
  });

  it('every minute: as many runs as minutes, whatever the number of ticks', async () => {
    const project = await makeProject({ jobs: { weekly: job('"* * * * *"') } });
    for (let index = 0; index < 4; index++)
      expect(await Promise.all([project.serveBatch(['tick']), project.serveBatch(['tick'])])).toMatchObject([
        { code: 0 },
        { code: 0 },
      ]);
    const done = records(project).filter(({ state }) => state === 'done');
    const runs = (await project.runs('weekly')).map((runId) => {
      const plan = readFileSync(project.path('out/weekly/runs', runId, 'plan.json'), 'utf8');
      return (JSON.parse(plan) as { identity: { occurrence: string } }).identity.occurrence;
    });
    expect(runs).toEqual([...new Set(runs)]);
    expect(done.map(({ occurrence }) => occurrence).sort()).toEqual(runs.sort());
  });

  it('ends with the exit code of the first failure, and the others run', async () => {
    const { cron } = aMinuteAgo();
    const project = await makeProject({
      jobs: {
        absent: `input: nowhere.parquet\nmodel: fixtures/sales-by-column.onnx\nschedule: "${cron}"\n`,
        weekly: job(`"${cron}"`),
        broken: 'schedule: "0 0 * *"\nmodel: m.onnx\n',
      },
    });
    const one = await project.serveBatch(['tick', 'absent']);
    expect(one).toMatchObject({ code: 3 });
    expect(records(project, 'absent')).toMatchObject([{ state: 'waiting', attempts: 1 }]);
    // It waits to be tried again: that is no success.
    expect(await project.serveBatch(['tick', 'absent'])).toMatchObject({ code: 3 });
    const all = await project.serveBatch(['tick']);
    expect(all.code).toBe(2);
    expect(all.stderr).toContain('expected a cron expression of five fields');
    expect(await project.published('weekly')).not.toBeNull();
    expect(await project.serveBatch(['tick', 'nothing'])).toMatchObject({ code: 2 });
    const { stdout } = await project.serveBatch(['runs', 'occurrences', 'absent', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { job: 'absent', status: 'waiting', attempts: 1, error: { code: 'INPUT_NOT_FOUND' } },
    ]);
  });
});

describe('schedule', () => {
  it('serves, reads changed files, and ends with 143 on SIGTERM', async () => {
    const { cron, occurrence } = aMinuteAgo();
    const project = await makeProject({ jobs: { weekly: job(`"${cron}"`) } });
    const running = project.start(['schedule']);
    await until(() => records(project).some(({ state }) => state === 'done'));
    await sleep(300);
    running.process.kill('SIGTERM');
    const { code, stdout, stderr } = await running.result;
    expect(code).toBe(143);
    expect(stdout).toMatch(/^JOB\s+CRON\s+TIMEZONE\s+NEXT/);
    expect(stderr).toContain('Ended by SIGTERM');
    expect(records(project)).toMatchObject([{ occurrence, state: 'done' }]);
    expect(releasedLock(project, 'weekly')).toBe(true);
    expect((await project.serveBatch(['tick'])).code).toBe(0);
    expect(await project.runs('weekly')).toHaveLength(1);
  });

  it.each([
    ['no job has a schedule', { plain: 'model: m.onnx\n' }, 'No job of jobs/ has a schedule that is on'],
    [
      'the only one is wrong',
      { broken: 'model: m.onnx\nschedule: x\n' },
      'jobs/broken.yaml:2:1  schedule is "x"',
    ],
  ])('says so where %s', async (_, jobs, message) => {
    const project = await makeProject({ jobs });
    const { code, stderr } = await project.serveBatch(['schedule']);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('backfill', () => {
  it('runs past occurrences without runs, and publishes none over a newer one', async () => {
    const project = await makeProject({
      jobs: { weekly: job('{cron: "0 5 * * *", timezone: Europe/Stockholm}') },
    });
    const range = ['backfill', 'weekly', '--from', '2026-03-27', '--to', '2026-03-30', '--json'];
    const dry = await project.serveBatch([...range, '--dry-run']);
    expect(JSON.parse(dry.stdout)).toEqual(
      ['27T04', '28T04', '29T03', '30T03'].map((hour) => ({
        occurrence: `2026-03-${hour}:00:00.000Z`,
        isComplete: false,
        runId: null,
        state: null,
        error: null,
      })),
    );
    expect(await project.runs('weekly')).toEqual([]);
    await project.run(['weekly', '--occurrence', '2026-03-29']);
    const newest = await project.published('weekly');
    const { code, stdout } = await project.serveBatch([...range, '--order', 'newest', '--to', '2026-03-29']);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { runId: string | null }[]).every(({ runId }) => runId !== null)).toBe(
      true,
    );
    expect(await project.runs('weekly')).toHaveLength(3);
    expect((await project.published('weekly'))?.runId).toBe(newest?.runId);
    const lookup = await project.serveBatch([
      'lookup',
      'weekly',
      'store=1',
      'product=2',
      'date=2026-11-21',
      '--json',
    ]);
    expect(lookup.stdout).toContain(newest?.runId);
    expect(
      await project.serveBatch(['backfill', 'weekly', '--from', '2030-01-01', '--to', '2030-02-01']),
    ).toMatchObject({
      code: 2,
    });
  });
});

describe('a store that was emptied', () => {
  it('is told of by doctor, and loaded again by tick', async () => {
    const project = await makeProject({ jobs: { weekly: job('"0 0 1 1 *"') } });
    const { runId } = await project.run(['weekly', '--occurrence', 'latest']);
    const lookup = () => project.serveBatch(['lookup', 'weekly', 'store=1', 'product=2', 'date=2026-11-21']);
    const before = await lookup();
    expect(before.code).toBe(0);
    expect((await project.serveBatch(['doctor'])).stdout).not.toContain('shows no run');
    rmSync(project.path('out/weekly/kv'), { recursive: true });
    expect((await lookup()).code).not.toBe(0);
    const lost = `The store of weekly shows no run; the published run is ${runId}.`;
    expect((await project.serveBatch(['doctor'])).stdout).toContain(lost);
    const tick = await project.serveBatch(['tick']);
    expect(tick.code).toBe(0);
    expect(tick.stderr).toContain(`${lost} It is loaded again.`);
    expect((await lookup()).stdout).toBe(before.stdout);
    expect((await project.serveBatch(['tick'])).stderr).toBe('');
  });
});

describe('execution.timeout', () => {
  it('ends a run that takes too long: it has failed, its lock is free, and nothing of it is left', async () => {
    const { cron, occurrence } = aMinuteAgo();
    const schedule = `{cron: "${cron}", retries: 0}`;
    // Takes minutes on any machine.
    const slow = `execution: {timeout: 1s, processes: 1}
features:
  select: SELECT * REPLACE (price + 0 * list_sum(range(5000000 + product)) AS price) FROM input
`;
    const project = await makeProject({ jobs: { weekly: job(schedule, slow) } });
    const tick = await project.inOwnProcess(['tick']);
    expect(tick.code).toBe(1);
    expect(tick.stderr).toContain('The run of weekly was ended after 1.00 s, as execution.timeout says.');
    expect(records(project)).toMatchObject([{ occurrence, state: 'failed', error: { code: 'TIMED_OUT' } }]);
    await project.write('jobs/weekly.yaml', job(schedule));
    const again = await project.serveBatch(['run', 'weekly', '--occurrence', 'latest', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ status: 'published', identity: { occurrence } });
  });
});
