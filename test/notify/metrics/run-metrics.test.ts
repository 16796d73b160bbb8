import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { readRunFigures } from '../../../src/notify/metrics/run-figures.ts';
import { runMetricsText } from '../../../src/notify/metrics/run-metrics.ts';
import { publish, sourceOf, startTestServer, weekOf } from '../../serving/served-store.ts';
import { REPOSITORY } from '../../support/cli.ts';
import { makeProject, type Project } from '../../support/project.ts';
import { ensurePromtool, promtool } from '../../support/promtool.ts';
import { complaintsOf } from '../lineage/event-schema.ts';

/** `serve_batch_NAME{job="sales"}` and its value. */
function figuresIn(text: string, job = 'sales'): Record<string, number> {
  const found = text.matchAll(new RegExp(`^serve_batch_(\\w+){job="${job}"} (\\S+)$`, 'gm'));
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, Number(value)]));
}

describe('metrics of runs', () => {
  let project: Project;
  const metrics = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await project.serveBatch(['metrics', ...args]);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  beforeAll(async () => {
    await ensurePromtool();
    project = await makeProject();
  });

  it('are those of the run records, through failures, later runs and rollbacks', async () => {
    expect(await metrics()).not.toMatch(/^serve_batch_\w+\{/m);
    const first = await project.run(['sales', '--occurrence', '2026-11-14']);
    const figures = figuresIn(await metrics());
    const published = JSON.parse(
      await readFile(project.path('out/sales/runs', first.runId, 'published.json'), 'utf8'),
    ) as { at: string };
    expect(figures).toEqual({
      last_success_timestamp_seconds: Date.parse(published.at) / 1000,
      last_run_timestamp_seconds: expect.any(Number),
      last_run_failed: 0,
      running: 0,
      last_run_rows_in: first.rowsIn,
      last_run_rows_out: first.rowsOut,
      last_run_rejects: first.rejects,
      last_run_duration_seconds: first.durationSeconds,
    });

    const failed = await project.serveBatch(['run', 'sales', '--input', 'fixtures/stores.csv']);
    expect(failed.code).toBe(3);
    const second = await project.run(['sales', '--occurrence', '2026-11-21']);
    expect(figuresIn(await metrics())).toMatchObject({
      last_run_failed: 0,
      last_run_duration_seconds: second.durationSeconds,
    });
    expect((await project.serveBatch(['rollback', 'sales'])).code).toBe(0);
    const rolledBack = figuresIn(await metrics('sales'));
    expect(rolledBack.last_run_duration_seconds).toBe(second.durationSeconds);
    expect(rolledBack.last_success_timestamp_seconds).toBeGreaterThanOrEqual(Date.parse(published.at) / 1000);
  });

  it('go to a textfile that appears whole', async () => {
    expect(await metrics('--textfile', 'collector/serve-batch.prom')).toBe('');
    expect(await readFile(project.path('collector/serve-batch.prom'), 'utf8')).toBe(await metrics());
    const { code, stderr } = await project.serveBatch(['metrics', '--textfile', 'x.txt']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('.prom') });
  });

  it('are as Prometheus wants them, those of requests too', async () => {
    const url = `lmdb:${project.path('kv')}`;
    const store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', weekOf('1'));
    await store.close();
    const folder = project.path('out/sales');
    const server = await startTestServer([sourceOf(url, { maxAgeSeconds: 1 })], {
      runMetrics: async () => runMetricsText([await readRunFigures(folder, 'sales', systemClock)]),
    });
    await server.get('/v1/jobs/sales/predictions?store=1&product=1');
    await server.get('/v1/jobs/sales/predictions?store=7&product=1');
    await server.get('/v1/jobs/nothing/predictions');
    const { json: text } = await server.get('/metrics');
    expect(await promtool(['check', 'metrics'], text)).toBe('');
    expect(figuresIn(text)).toMatchObject({ published: 1, generation_stale: 1, last_run_failed: 0 });
    const route = 'route="GET /v1/jobs/:job/predictions"';
    expect(text).toContain(`requests_total{${route},job="sales",source="stored",code="200"} 1\n`);
    expect(text).toContain(`requests_total{${route},job="sales",source="",code="404"} 1\n`);
    expect(text).toContain(`requests_total{${route},job="",source="",code="404"} 1\n`);
  });
});

describe('a job that says who is told', () => {
  const TOLD = `
metrics: {textfileFolder: collector}
lineage: {file: lineage.ndjson}
publish: {gates: [{name: sane, sql: "SELECT count(*) > 0 FROM run"}]}
`;

  it('run, publish and rollback bring the figures up to date; runs tell OpenLineage', async () => {
    const job = await readFile(join(REPOSITORY, 'jobs/sales.yaml'), 'utf8');
    const project = await makeProject({ jobs: { told: job.replace('name: sales', 'name: told') + TOLD } });
    const read = (path: string) => readFile(project.path(path), 'utf8');
    const figures = async () => figuresIn(await read('collector/serve-batch-told.prom'), 'told');
    const first = await project.run(['told', '--occurrence', '2026-11-14']);
    expect(await figures()).toMatchObject({
      running: 0,
      last_run_rows_out: first.rowsOut,
      last_run_duration_seconds: first.durationSeconds,
      last_run_gates_failed: 0,
    });
    expect(await read('collector/serve-batch-told.prom')).toContain(
      'serve_batch_last_run_gate_passed{job="told",gate="sane"} 1\n',
    );
    const second = await project.run(['told', '--occurrence', '2026-11-21']);
    const { last_success_timestamp_seconds: published = 0 } = await figures();
    expect((await project.serveBatch(['rollback', 'told'])).code).toBe(0);
    expect((await figures()).last_success_timestamp_seconds).toBeGreaterThan(published);
    // What is up to date already is no run.
    await project.run(['told', '--occurrence', '2026-11-14']);

    const events = (await read('lineage.ndjson'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const event of events) expect(complaintsOf(event)).toEqual([]);
    expect(events.map(({ eventType, run }) => [eventType, run.facets.serveBatch_run.runId])).toEqual([
      ['START', first.runId],
      ['COMPLETE', first.runId],
      ['START', second.runId],
      ['COMPLETE', second.runId],
    ]);
    expect(events[3]).toMatchObject({
      run: { facets: { nominalTime: { nominalStartTime: '2026-11-21T00:00:00.000Z' } } },
      outputs: [{ name: project.path('out/told') }, { name: project.path('out/told/kv') }],
    });
  });
});

describe('deploy/', () => {
  it('has alert rules that Prometheus takes, and a dashboard, on metrics that exist', async () => {
    await ensurePromtool();
    const rules = join(REPOSITORY, 'deploy/prometheus/alerts.yaml');
    expect(await promtool(['check', 'rules', rules])).toBe('');
    const texts = [
      await readFile(rules, 'utf8'),
      await readFile(join(REPOSITORY, 'deploy/grafana/serve-batch.json'), 'utf8'),
    ];
    JSON.parse(texts[1] ?? '');
    const server = await startTestServer([], { runMetrics: async () => runMetricsText([]) });
    const { json: known } = await server.get('/metrics');
    const used = new Set(texts.join('').match(/serve_batch_\w+/g));
    expect(used.size).toBeGreaterThan(8);
    const isKnown = (name: string): boolean => known.includes(`# TYPE ${name.replace(/_bucket$/, '')} `);
    expect([...used].filter((name) => !isKnown(name))).toEqual([]);
    // The documentation lists the same.
    const page = await readFile(join(REPOSITORY, 'docs/serving.md'), 'utf8');
    const defined = [...known.matchAll(/# TYPE (\w+)/g)].map(([, name = '']) => name);
    expect(defined.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
