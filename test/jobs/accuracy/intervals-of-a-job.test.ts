import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/plan.ts';
import { makeProject, type Project } from '../../support/project.ts';
import { JOB, sold, week } from './weekly-project.ts';

/** In each horizon, a run has an error of each of 20 products in two stores. */
const PRODUCTS = 20;
const INTERVALS = 'intervals: {level: [80%, 90%], least: 40, min: 0}\n';
const COLUMNS = ['sales_lower_80', 'sales_upper_80', 'sales_lower_90', 'sales_upper_90'];

let project: Project;
const run = async (occurrence: string, ...flags: string[]) =>
  project.serveBatch(['run', 'week', '--occurrence', occurrence, ...flags]);

async function planOf(runId: string): Promise<Plan> {
  return JSON.parse(await readFile(project.path('out/week/runs', runId, 'plan.json'), 'utf8')) as Plan;
}

async function sql(text: string): Promise<readonly string[]> {
  const { stdout, stderr } = await project.serveBatch(['query', '--format', 'csv', text]);
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n').slice(1);
}

beforeAll(async () => {
  project = await makeProject({ jobs: { week: JOB + INTERVALS }, fixtures: false });
  await project.write('week.csv', week(-7, PRODUCTS));
});

describe('a job with intervals', () => {
  it('goes on without bounds as long as there is no history, and says so', async () => {
    const dry = await run('2026-11-14', '--dry-run');
    expect(dry.stdout).toMatch(/intervals +intervals are null: there are no actuals yet/);
    const { code, stderr } = await run('2026-11-14');
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('intervals are null: there are no actuals yet'),
    ]);
    expect(
      await sql(`SELECT count(*), count(sales), ${COLUMNS.map((name) => `count(${name})`).join()} FROM week`),
    ).toEqual(['280,280,0,0,0,0']);
    const found = await project.serveBatch(['lookup', 'week', 'store=1', 'product=1', 'date=2026-11-14']);
    expect(found.stdout).toContain('"sales_lower_80":null');
  });

  it('adds the errors of earlier runs to the predictions, in the parts and in the store', async () => {
    await project.write('sold/before.csv', sold(-28, 0, 0, PRODUCTS));
    await project.write('week.csv', week(0, PRODUCTS));
    const dry = await run('2026-11-21', '--dry-run');
    expect(dry.stdout).toMatch(/intervals +7 groups of bounds, from the errors of 1 run/);
    const record = await project.run(['week', '--occurrence', '2026-11-21']);
    expect(record.output.columns).toEqual(['store', 'product', 'date', 'sales', ...COLUMNS]);
    const { intervals, kv } = await planOf(record.runId);
    expect(intervals).toMatchObject({ why: null, date: 'date', origin: '2026-11-21', min: 0 });
    expect(intervals?.groups).toHaveLength(7);
    expect(kv?.values).toEqual(['sales', ...COLUMNS]);
    const [low = 0, high = 0] = intervals?.groups[2]?.bounds[1] ?? [];
    expect(
      await sql(
        `SELECT count(*), bool_and(abs(sales_upper_90 - sales - ${high}) < 1e-4 AND abs(sales_lower_90 - greatest(sales + ${low}, 0)) < 1e-4)
       FROM week WHERE date = DATE '2026-11-23'`,
      ),
    ).toEqual(['40,true']);
    expect(
      await sql(
        'SELECT count(*) FROM week WHERE NOT (sales_lower_90 <= sales_lower_80 AND sales_upper_80 <= sales_upper_90)',
      ),
    ).toEqual(['0']);
    const found = await project.serveBatch(['lookup', 'week', 'store=1', 'product=1', 'date=2026-11-23']);
    expect(found.stdout).toMatch(/"sales_upper_90":\d/);
  });

  it('is up to date where nothing has changed, and gives the same bytes again', async () => {
    const again = await run('2026-11-21');
    expect(again.stdout).toMatch(/^Up to date/);
    const first = await project.published('week');
    const forced = await project.run(['week', '--occurrence', '2026-11-21', '--force']);
    expect(forced.runId).not.toBe(first?.runId);
    expect(forced.output.parts.map(({ sha256 }) => sha256)).toEqual(
      first?.record.output.parts.map(({ sha256 }) => sha256),
    );
  });

  it('shows how many actuals lie inside', async () => {
    await project.write('sold/after.csv', sold(0, 7, 0, PRODUCTS));
    const { stdout } = await project.serveBatch(['evaluate', 'week', '--limit', '1']);
    expect(stdout).toMatch(/INTERVALS/);
    const [row = ''] = await sql(
      "SELECT len(intervals), intervals[2].level, intervals[2].scored, intervals[2].coverage FROM accuracy JOIN runs USING (run_id) WHERE status = 'published' AND segment_by = 'whole'",
    );
    expect(row).toMatch(/^2,0.9,280,(0\.\d+|1(\.0)?)$/);
    const { runId } = (await project.published('week')) ?? { runId: '' };
    const report = await project.serveBatch(['report', runId, '-o', '-']);
    expect(report.stdout).toContain('sales_lower_90 to sales_upper_90');
    const shown = await project.serveBatch(['runs', 'show', runId]);
    expect(shown.stdout).toMatch(/intervals +[\d.]+% of the actuals lie in the intervals of 90.0%/);
  });

  it('is refused without actuals, and where a column has the name of a bound', async () => {
    await project.write(
      'jobs/none.yaml',
      `${JOB.replace(/^actuals.*\n/m, '')}${INTERVALS}`.replace('name: week', 'name: none'),
    );
    const none = await project.serveBatch(['run', 'none', '--dry-run']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no intervals without actuals')]);
    const [header = '', ...rows] = week(0, 1).trimEnd().split('\n');
    const table = [`${header},Sales_Lower_90`, ...rows.map((row) => `${row},1`)];
    await project.write('taken.csv', `${table.join('\n')}\n`);
    const kept = JOB.replace('week.csv', 'taken.csv').replace('date]}', 'date, Sales_Lower_90]}');
    await project.write('jobs/taken.yaml', `${kept}${INTERVALS}`.replace('name: week', 'name: taken'));
    const taken = await project.serveBatch(['run', 'taken', '--dry-run']);
    expect([taken.code, taken.stderr]).toEqual([
      3,
      expect.stringContaining('intervals makes a column "sales_lower_90"'),
    ]);
  });
});
