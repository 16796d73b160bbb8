import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JobSpec } from '../../src/config/job-spec.ts';
import { adHocJob } from '../../src/config/override-job.ts';
import type { NotifySpec } from '../../src/config/sections/notify.ts';
import { silentLog } from '../../src/core/effects.ts';
import type { Alert } from '../../src/jobs/alert.ts';
import { type AnnouncerOptions, createAnnouncer } from '../../src/notify/announcer.ts';
import { samplePlan, sampleRecord, temporaryFolder } from '../runs/sample-run.ts';
import { webServer } from '../support/web-server.ts';

function job(notify: Partial<NotifySpec> | null, heartbeat: string | null = null): JobSpec {
  const long = { on: ['failed', 'late', 'partial'], webhook: null, command: null, ...notify } as const;
  return { ...adHocJob({ model: 'sales.onnx' }), notify: notify === null ? null : long, heartbeat };
}

const ALERT: Alert = {
  event: 'failed',
  job: 'sales',
  occurrence: '2026-11-21T00:00:00.000Z',
  runId: '20261121T000000Z-k3x9',
  message: 'sales failed: redis://:hunter22@cache does not answer',
  record: sampleRecord(samplePlan()),
};

function announcer(changes: Partial<AnnouncerOptions> = {}) {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  const mask = (text: string): string => text.replaceAll('hunter22', '***');
  const made = createAnnouncer({
    log,
    mask,
    env: process.env,
    pausesMs: [1, 1],
    timeoutMs: 2000,
    ...changes,
  });
  return { ...made, warnings };
}

describe('a webhook', () => {
  it('gets the alert as JSON, without passwords', async () => {
    const { url, received } = await webServer(200);
    await announcer().alert(job({ webhook: url }), ALERT);
    expect(received).toMatchObject([{ method: 'POST', url: '/hooks/s3cret', type: 'application/json' }]);
    const body = JSON.parse(received[0]?.body ?? '') as Alert;
    expect(body).toEqual({ ...ALERT, message: ALERT.message.replace('hunter22', '***') });
  });

  it.each([
    [[503, 500, 200], 3, []],
    [[404], 3, ['it answered 404 Not Found']],
  ] as const)('that answers %j is tried %i times', async (statuses, tries, reasons) => {
    const { url, received } = await webServer(...statuses);
    const { alert, warnings } = announcer();
    await alert(job({ webhook: url }), ALERT);
    expect(received).toHaveLength(tries);
    expect(warnings).toEqual(reasons.map((reason) => expect.stringContaining(reason)));
    expect(warnings.join()).not.toContain('s3cret');
  });

  it('that does not answer is given up, and fails nothing', async () => {
    const { url, received } = await webServer(0);
    const { alert, warnings } = announcer({ timeoutMs: 50 });
    await alert(job({ webhook: url }), ALERT);
    expect(received).toHaveLength(3);
    expect(warnings).toEqual([expect.stringContaining('no answer within 0.05 s')]);
  });

  it('that is not there is given up', async () => {
    const { alert, warnings } = announcer();
    await alert(job({ webhook: 'http://127.0.0.1:9/hooks/s3cret' }), ALERT);
    expect(warnings).toHaveLength(1);
  });

  it('gets only the events that the job names', async () => {
    const { url, received } = await webServer(200);
    await announcer().alert(job({ webhook: url, on: ['late'] }), ALERT);
    await announcer().alert(job(null), ALERT);
    expect(received).toEqual([]);
  });
});

describe('a command', () => {
  it('gets the alert on its standard input and in its environment', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'said');
    const script = `(env | grep ^SERVE_BATCH_ | sort; cat) > ${file}`;
    await announcer().alert(job({ command: ['sh', '-c', script] }), ALERT);
    const [event, name, occurrence, run, body = ''] = (await readFile(file, 'utf8')).split('\n');
    expect([event, name, occurrence, run]).toEqual([
      'SERVE_BATCH_ALERT_EVENT=failed',
      'SERVE_BATCH_ALERT_JOB=sales',
      'SERVE_BATCH_ALERT_OCCURRENCE=2026-11-21T00:00:00.000Z',
      'SERVE_BATCH_ALERT_RUN=20261121T000000Z-k3x9',
    ]);
    expect(JSON.parse(body)).toMatchObject({ event: 'failed', record: { rowsIn: 12 } });
    expect(body).not.toContain('hunter22');
  });

  it.each([
    [['sh', '-c', 'exit 3'], 'it ended with exit code 3'],
    [['/nowhere/alert'], 'it cannot be started'],
  ])('%j fails nothing', async (command, reason) => {
    const { alert, warnings } = announcer();
    await alert(job({ command }), ALERT);
    expect(warnings).toEqual([expect.stringContaining(reason)]);
  });

  it('is told beside a webhook that is not there', async () => {
    const file = join(await temporaryFolder(), 'said');
    await writeFile(file, '');
    const both = { webhook: 'http://127.0.0.1:9/', command: ['sh', '-c', `cat > ${file}`] };
    await announcer().alert(job(both), ALERT);
    expect(await readFile(file, 'utf8')).toContain('"event":"failed"');
  });
});

describe('a heartbeat', () => {
  it('is fetched after a success, and tried again', async () => {
    const { url, received } = await webServer(502, 200);
    const { success, warnings } = announcer();
    await success(job(null, url));
    await success(job(null));
    expect(received.map(({ method }) => method)).toEqual(['GET', 'GET']);
    expect(warnings).toEqual([]);
  });

  it('that fails fails nothing', async () => {
    const { url } = await webServer(500);
    const { success, warnings } = announcer();
    await success(job(null, url));
    expect(warnings).toEqual([
      expect.stringMatching(/the heartbeat http:\/\/127\.0\.0\.1:\d+\/\*\*\* failed/),
    ]);
  });
});
