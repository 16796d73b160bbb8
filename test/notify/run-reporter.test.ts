import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LineageSpec } from '../../src/config/sections/lineage.ts';
import type { MetricsSpec } from '../../src/config/sections/metrics.ts';
import { silentLog } from '../../src/core/effects.ts';
import { createRunReporter } from '../../src/notify/run-reporter.ts';
import { fixedClock, samplePlan, sampleRecord, temporaryFolder } from '../runs/sample-run.ts';
import { webServer } from '../support/web-server.ts';

const PLAN = samplePlan();
const NO_LINEAGE = { url: null, apiKey: null, file: null, namespace: 'serve-batch' };
const RAN = {
  result: {
    outcome: 'computed',
    record: sampleRecord(PLAN, { status: 'published' }),
    overtakenBy: null,
    publishError: null,
  },
} as const;

function reporterOf(
  changes: { readonly lineage?: Partial<LineageSpec>; readonly metrics?: MetricsSpec },
  folderOfJob = '/nowhere',
) {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  const { lineage, metrics = null } = changes;
  const reporter = createRunReporter({
    spec: {
      ...{ name: 'sales', description: null, metrics },
      lineage: lineage === undefined ? null : { ...NO_LINEAGE, ...lineage },
    },
    ...{ folderOfJob, clock: fixedClock('2026-11-21T00:00:00Z'), timeoutMs: 200, pausesMs: [1] },
    mask: (text) => text.replaceAll('hunter22', '***'),
  });
  return { reporter, log, warnings };
}

const typesIn = (lines: readonly string[]): string[] => lines.map((line) => JSON.parse(line).eventType);

describe('lineage', () => {
  it('goes to a URL and a file, in order, with the key and without passwords', async () => {
    const { received, url } = await webServer(200);
    const file = join(await temporaryFolder(), 'new/lineage.ndjson');
    const { reporter, log, warnings } = reporterOf({ lineage: { url, file, apiKey: 'a-key' } });
    const plan = { ...PLAN, input: { ...PLAN.input, paths: ['hunter22.csv'] } };
    reporter.began(plan, log);
    await reporter.ended(plan, RAN, log);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(typesIn(lines)).toEqual(['START', 'COMPLETE']);
    expect(received.map(({ body }) => body)).toEqual(lines);
    expect(received[0]).toMatchObject({
      ...{ method: 'POST', url: '/hooks/s3cret', type: 'application/json', authorization: 'Bearer a-key' },
    });
    const [start, complete] = lines.map((line) => JSON.parse(line));
    expect(start.run.runId).toBe(complete.run.runId);
    expect(lines.join()).not.toContain('hunter22');
    expect(warnings).toEqual([]);
  });

  it.each([
    ['answers 500', [500], 'it answered 500'],
    ['hangs', [0], 'no answer within 0.2 s'],
  ])('a receiver that %s is tried twice, told of, and fails nothing', async (_, statuses, reason) => {
    const { received, url } = await webServer(...statuses);
    const { reporter, log, warnings } = reporterOf({ lineage: { url } });
    reporter.began(PLAN, log);
    await reporter.ended(PLAN, RAN, log);
    expect(typesIn(received.map(({ body }) => body))).toEqual(['START', 'START', 'COMPLETE', 'COMPLETE']);
    const { origin } = new URL(url);
    expect(warnings).toEqual(
      ['START', 'COMPLETE'].map((type) =>
        expect.stringContaining(`the ${type} event of OpenLineage did not reach ${origin}/***: ${reason}`),
      ),
    );
  });

  it('a file that cannot be written is told of', async () => {
    const { reporter, log, warnings } = reporterOf({ lineage: { file: '/dev/null/lineage.ndjson' } });
    await reporter.ended(PLAN, RAN, log);
    expect(warnings).toEqual([expect.stringContaining('was not written to /dev/null/lineage.ndjson: ')]);
  });

  it('an event that cannot be made fails nothing', async () => {
    const { reporter, log, warnings } = reporterOf({ lineage: { file: '/dev/null' } });
    const broken = { ...PLAN, input: null } as unknown as typeof PLAN;
    reporter.began(broken, log);
    await reporter.ended(broken, RAN, log);
    expect(warnings).toHaveLength(2);
  });
});

describe('metrics', () => {
  it('go to a textfile and a Pushgateway, whose group is the job', async () => {
    const { received, url } = await webServer(200);
    const { host } = new URL(url);
    const folder = await temporaryFolder();
    const pushgateway = `http://user:pa%20ss@${host}/base/`;
    const { reporter, log, warnings } = reporterOf(
      { metrics: { textfileFolder: folder, pushgateway } },
      await temporaryFolder(),
    );
    await reporter.released(log);
    const text = await readFile(join(folder, 'serve-batch-sales.prom'), 'utf8');
    expect(text).toContain('# TYPE serve_batch_last_run_rows_out gauge\n');
    expect(received).toEqual([
      {
        ...{ method: 'PUT', url: '/base/metrics/job/sales', body: text },
        type: 'text/plain; version=0.0.4; charset=utf-8',
        authorization: `Basic ${Buffer.from('user:pa ss').toString('base64')}`,
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it('a gateway that refuses them and a folder that cannot be written are told of', async () => {
    const { url } = await webServer(400);
    const pushgateway = new URL(url).origin;
    const { reporter, log, warnings } = reporterOf(
      { metrics: { textfileFolder: '/dev/null', pushgateway } },
      await temporaryFolder(),
    );
    await reporter.released(log);
    expect(warnings.sort()).toEqual([
      `the Pushgateway ${pushgateway} did not take the metrics: it answered 400 Bad Request`,
      expect.stringContaining('the metrics were not written to /dev/null/serve-batch-sales.prom: '),
    ]);
  });
});
