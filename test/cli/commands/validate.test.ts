import { beforeAll, describe, expect, it } from 'vitest';
import { makeProject, type Project } from '../../support/project.ts';

const job = (schedule: string): string =>
  `input: fixtures/sales.parquet\nmodel: fixtures/sales-by-column.onnx\nschedule: ${schedule}\n`;

let project: Project;
beforeAll(async () => {
  project = await makeProject({
    jobs: {
      first: job('{cron: "0 0 * * *"}'),
      second: job('{cron: "0 0 * * *", deadline: 4h, after: first}'),
      lost: job('{cron: "0 0 * * *", deadline: 4h, after: frist}'),
      never: job('{cron: "30 0 * * *", deadline: 4h, after: first}'),
      writes: job(
        '{cron: "0 0 * * *", deadline: 4h, waitFor: [{sql: "true); COPY (SELECT 1) TO \'x.csv\'; SELECT (true"}]}',
      ),
    },
  });
});

describe('validate', () => {
  it('takes a job that starts after another', async () => {
    expect(await project.serveBatch(['validate', 'second'])).toMatchObject({
      code: 0,
      stdout: 'second: ok\n',
    });
  });

  it.each([
    ['lost', 'schedule.after of "lost" names "frist", but no job has that name. Did you mean "first"?'],
    [
      'jobs/never.yaml',
      'schedule.after of "never" names "first", but the two never occur at the same instant',
    ],
    ['writes', 'schedule.waitFor: sql 1'],
  ])('says what is wrong with the schedule of %s', async (name, message) => {
    const { code, stdout, stderr } = await project.serveBatch(['validate', name]);
    expect([code, stdout, stderr]).toEqual([2, `${name}: JOB_FILE\n`, expect.stringContaining(message)]);
  });

  it('names the job of each fault where it checks several', async () => {
    const { code, stdout, stderr } = await project.serveBatch(['validate']);
    expect(code).toBe(2);
    expect(stdout.split('\n')).toEqual([
      'jobs/first.yaml: ok',
      'jobs/lost.yaml: JOB_FILE',
      'jobs/never.yaml: JOB_FILE',
      'jobs/second.yaml: ok',
      'jobs/writes.yaml: JOB_FILE',
      '',
    ]);
    for (const name of ['lost', 'never', 'writes'])
      expect(stderr).toMatch(new RegExp(`^error: jobs/${name}\\.yaml: schedule\\.`, 'm'));
  });
});
