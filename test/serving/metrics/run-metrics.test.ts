import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { readRunFigures } from '../../../src/serving/metrics/run-figures.ts';
import { runMetricsText } from '../../../src/serving/metrics/run-metrics.ts';
import { REPOSITORY } from '../../support/cli.ts';
import { makeProject, type Project } from '../../support/project.ts';
import { ensurePromtool, promtool } from '../../support/promtool.ts';
import { publish, sourceOf, startTestServer, weekOf } from '../served-store.ts';

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
    const server = await startTestServer([], { runMetrics: () => runMetricsText([]) });
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
