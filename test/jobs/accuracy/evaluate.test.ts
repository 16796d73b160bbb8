import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccuracyRecord } from '../../../src/accuracy/accuracy-record.ts';
import { makeProject, type Project } from '../../support/project.ts';
import { JOB, sold, week } from './weekly-project.ts';

let project: Project;
let runId: string;
const evaluate = async (...args: string[]) => project.serveBatch(['evaluate', ...args]);

async function json(...args: string[]): Promise<readonly AccuracyRecord[]> {
  const { code, stdout, stderr } = await evaluate(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as readonly AccuracyRecord[];
}

beforeAll(async () => {
  project = await makeProject({ jobs: { week: JOB }, fixtures: false });
  await project.write('week.csv', week());
});

describe('evaluate', () => {
  it('refuses a job without actuals, and one that cannot be compared, before anything runs', async () => {
    await project.write(
      'jobs/none.yaml',
      JOB.replace(/^actuals.*\n/m, '').replace('name: week', 'name: none'),
    );
    const none = await evaluate('none');
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('actuals: {table:')]);
    const wrong = JOB.replace('column: sold}', 'column: sold, prediction: sails}').replace(
      'name: week',
      'name: wrong',
    );
    await project.write('jobs/wrong.yaml', wrong);
    const run = await project.serveBatch(['run', 'wrong', '--dry-run']);
    expect([run.code, run.stderr]).toEqual([3, expect.stringContaining('Did you mean "sales"')]);
  });

  it('says what is missing: runs, files of actuals, and actuals for the dates', async () => {
    expect((await evaluate('week')).stdout).toBe('week has published nothing yet that could be scored.\n');
    ({ runId } = await project.run(['week', '--occurrence', '2026-11-21']));
    const missing = await evaluate('week');
    expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('sold/*.csv')]);
    await project.write('sold/before.csv', sold(-28, 0));
    const waiting = await evaluate('week');
    expect([waiting.code, waiting.stdout]).toEqual([
      0,
      '1 run without actuals: none of its predictions has one yet.\n',
    ]);
  });

  it('scores the published run once for each version of the actuals', async () => {
    await project.write('sold/day-1.csv', sold(0, 1));
    const [first] = await json('week');
    expect(first).toMatchObject({ runId, number: 1, whole: { predictions: 28, scored: 4 } });
    // The same week before, and every week before that.
    expect(first?.whole.naive).toMatchObject({ scored: 4, wape: 0 });
    await project.write('sold/day-2.csv', sold(1, 2));
    await json('week');
    const [third] = await json(runId);
    expect(third).toMatchObject({ number: 2, whole: { scored: 8 } });
    expect(await readdir(project.path('out/week/runs', runId, 'accuracy'))).toHaveLength(4);
  });

  it('shows in the table, in query, in runs show and in the report', async () => {
    const table = (await evaluate('week')).stdout;
    expect(table).toMatch(/^RUN +OCCURRENCE +SCORED +WAPE/m);
    expect(table).toContain(`${runId}`);
    const query = await project.serveBatch([
      ...['query', '--format', 'csv'],
      "SELECT record, is_newest, segment_by, segment, scored FROM accuracy WHERE segment_by IN ('whole', 'store') ORDER BY ALL",
    ]);
    expect(query.stdout.split('\n')).toEqual([
      'record,is_newest,segment_by,segment,scored',
      ...['1,false,store,1,2', '1,false,store,2,2', '1,false,whole,,4'],
      ...['2,true,store,1,4', '2,true,store,2,4', '2,true,whole,,8', ''],
    ]);
    const shown = await project.serveBatch(['runs', 'show', runId]);
    expect(shown.stdout).toMatch(/accuracy +sales: WAPE [\d.]+% \(naive forecast 0.0%, skill -\), bias/);
    expect(shown.stdout).toMatch(/^HORIZON +SCORED/m);
    const report = await project.serveBatch(['report', runId, '-o', '-']);
    expect(report.stdout).toContain('<h2>Accuracy</h2>');
    expect(report.stdout).toContain('Greatest error by product');
  });

  it('an actual that is there twice is an error that names it', async () => {
    await project.write('sold/day-2-again.csv', sold(1, 2, 5));
    const twice = await evaluate('week');
    expect([twice.code, twice.stderr]).toEqual([
      3,
      expect.stringContaining('store=1 product=1 date=2026-11-22'),
    ]);
  });

  it('takes a SELECT over tables, and nothing that it does not name', async () => {
    const select = (sql: string) =>
      JOB.replace(
        /^actuals.*$/m,
        `actuals:\n  select: ${sql}\n  tables: {tills: "sold/*.csv"}\n  column: sold`,
      );
    await project.write(
      'jobs/week.yaml',
      select('SELECT store, product, date, max(sold) AS sold FROM tills GROUP BY ALL'),
    );
    expect(await json('week')).toMatchObject([{ number: 3, whole: { scored: 8 } }]);
    await project.write('jobs/week.yaml', select("SELECT * FROM read_csv('/etc/passwd')"));
    const foreign = await evaluate('week');
    expect([foreign.code, foreign.stderr]).toEqual([
      2,
      expect.stringContaining('actuals.select reads read_csv(...)'),
    ]);
  });
});
