import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/jobs/alert.ts';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { makeProject, type Project } from '../support/project.ts';
import { webServer } from '../support/web-server.ts';

const TELL = 'notify: {command: [sh, -c, "cat >> alerts.txt; echo >> alerts.txt"]}\n';

async function alertsOf(project: Project): Promise<Alert[]> {
  const text = await readFile(project.path('alerts.txt'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Alert);
}

describe('a run that a person started', () => {
  it('that fails is told of', async () => {
    const weekly = `input: nowhere.parquet\nmodel: fixtures/sales-by-column.onnx\n${TELL}`;
    const project = await makeProject({ jobs: { weekly } });
    expect((await project.serveBatch(['run'])).code).toBe(3);
    const [alert, ...others] = await alertsOf(project);
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      event: 'failed',
      job: 'weekly',
      occurrence: null,
      runId: null,
      record: null,
    });
    expect(alert?.message).toContain('nowhere.parquet');
  });

  it('that has rejects is told of with its record; one without is not; neither shows the heartbeat', async () => {
    // The tries of the first run fail.
    const { received, url } = await webServer(503, 503, 503, 200);
    const weekly = `input: [fixtures/sales.csv, bad.csv]
model: fixtures/sales-by-column.onnx
onInvalid: reject
heartbeat: ${url}
${TELL}`;
    const project = await makeProject({ jobs: { weekly } });
    const [header = '', first = ''] = (await readFile(project.path('fixtures/sales.csv'), 'utf8')).split(
      '\n',
    );
    await project.write('bad.csv', `${header}\n${first}\n`);
    const good = await project.serveBatch(['run']);
    expect(good.code, good.stderr).toBe(0);
    expect(good.stderr).toContain(`heartbeat ${new URL(url).origin}/*** failed`);
    expect(good.stderr).not.toContain('s3cret');
    expect(received).toHaveLength(3);
    expect(await alertsOf(project)).toEqual([]);
    const empty = first.split(',').map((cell, index) => (index > 4 ? '' : cell));
    await project.write('bad.csv', `${header}\n${empty.join(',')}\n`);
    const { stdout, stderr } = await project.serveBatch(['run', '--json']);
    const bad = JSON.parse(stdout) as RunRecord;
    expect(bad.rejects).toBe(1);
    expect(received).toHaveLength(4);
    expect(stderr).not.toContain('s3cret');
    expect(await alertsOf(project)).toMatchObject([
      { event: 'partial', job: 'weekly', runId: bad.runId, record: { runId: bad.runId, rejects: 1 } },
    ]);
  });
});
