import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { RunRecord } from '../../../src/runs/record/run-record.ts';
import { makeProject } from '../../support/project.ts';
import { JOB, sold, week } from './weekly-project.ts';

const GATES = `publish:
  gates:
    - accuracy: {wape: 30%, runs: 2}
`;

it('a job whose forecasts have become bad keeps its next run back, and tells of it', async () => {
  const schedule =
    'schedule: {cron: "0 0 1 1 *", catchup: none}\nnotify: {command: [sh, -c, "cat >> alerts.json"]}\n';
  const project = await makeProject({ jobs: { week: `${JOB}${schedule}${GATES}` }, fixtures: false });
  await project.write('week.csv', week());
  const first = await project.run(['week', '--occurrence', '2026-11-21']);
  expect(first.gates?.map(({ verdict }) => verdict)).toEqual(['not compared']);

  // Predictions are near 2, and what is sold is above 10.
  await project.write('sold/after.csv', sold(-28, 7));
  expect((await project.serveBatch(['tick'])).code).toBe(0);
  const alert = JSON.parse(await readFile(project.path('alerts.json'), 'utf8')) as Record<string, string>;
  expect(alert).toMatchObject({ event: 'accuracy', job: 'week', runId: first.runId });
  expect(alert.message).toMatch(
    /not as good as they should be: WAPE [\d.]+%, at most 30%, over the last 1 scored run/,
  );

  await project.write('week.csv', week(7));
  const next = await project.serveBatch(['run', 'week', '--occurrence', '2026-11-28', '--json']);
  const record = JSON.parse(next.stdout) as RunRecord;
  expect([next.code, record.status, record.gates?.[0]?.verdict]).toEqual([5, 'committed', 'failed']);
  expect((await project.published('week'))?.runId).toBe(first.runId);

  // A run of an earlier occurrence knows nothing of what came later.
  await project.write('week.csv', week(-7));
  const earlier = await project.run(['week', '--occurrence', '2026-11-14']);
  expect(earlier.gates?.map(({ verdict }) => verdict)).toEqual(['not compared']);
});

it('is refused without actuals', async () => {
  const project = await makeProject({
    jobs: { week: `${JOB.replace(/^actuals.*\n/m, '')}${GATES}` },
    fixtures: false,
  });
  const { code, stderr } = await project.serveBatch(['run', 'week', '--dry-run']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('no gate of accuracy without actuals')]);
});
