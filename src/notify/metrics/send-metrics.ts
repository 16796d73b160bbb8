import { join } from 'node:path';
import type { MetricsSpec } from '../../config/sections/metrics.ts';
import type { Clock } from '../../core/effects.ts';
import { sendRequest } from '../webhook.ts';
import { readRunFigures } from './run-figures.ts';
import { runMetricsText } from './run-metrics.ts';
import { writeTextfile } from './textfile.ts';

/** Of Prometheus' text format. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface SendMetricsOptions {
  readonly job: string;
  readonly folderOfJob: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly pausesMs: readonly number[];
  /** Does one of the sends, and tells of its failure. */
  readonly attempt: (what: string, send: () => Promise<void>) => Promise<void>;
}

/** Brings what the run records of a job say now to where its file says. */
export async function sendMetrics(spec: MetricsSpec, options: SendMetricsOptions): Promise<void> {
  const { job, folderOfJob, clock, attempt, ...limits } = options;
  const { textfileFolder, pushgateway } = spec;
  await attempt('the metrics were not sent', async () => {
    const body = runMetricsText([await readRunFigures(folderOfJob, job, clock)]);
    const path = textfileFolder === null ? null : join(textfileFolder, `serve-batch-${job}.prom`);
    await Promise.all([
      path && attempt(`the metrics were not written to ${path}`, () => writeTextfile(path, body)),
      pushgateway &&
        attempt(`the Pushgateway ${new URL(pushgateway).origin} did not take the metrics`, () =>
          sendRequest({
            method: 'PUT',
            url: groupOf(pushgateway, job),
            body,
            contentType: CONTENT_TYPE,
            ...limits,
          }),
        ),
    ]);
  });
}

/** A Pushgateway gives each figure the `job` of the group, whatever label it has: so each job has a group. */
function groupOf(gateway: string, job: string): string {
  const url = new URL(gateway);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/metrics/job/${encodeURIComponent(job)}`;
  return url.href;
}
