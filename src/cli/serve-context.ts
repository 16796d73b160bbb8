import type { ServerOptions as TlsServerOptions } from 'node:https';
import { systemClock } from '../core/effects.ts';
import { type RunFigures, readRunFigures } from '../notify/metrics/run-figures.ts';
import { runMetricsText } from '../notify/metrics/run-metrics.ts';
import type { AllowedHosts } from '../serving/http/allowed-hosts.ts';
import { DEFAULT_LIMITS, type ServerParts } from '../serving/http/http-server.ts';
import { Tokens } from '../serving/http/tokens.ts';
import { RequestMetrics } from '../serving/metrics/request-metrics.ts';
import { type OpenServedJobOptions, openServedJob } from '../serving/open-served-job.ts';
import { makeReportApart } from '../serving/reports/make-report-apart.ts';
import { ServedJobs } from '../serving/served-jobs.ts';
import type { CliContext } from './context.ts';
import { watchSchedule } from './watch/watch-schedule.ts';

export interface ServeContextOptions {
  readonly debug: boolean;
  readonly tokens: readonly string[];
  readonly hosts: AllowedHosts;
  readonly tls: TlsServerOptions | null;
  readonly hasPage: boolean;
}

/** Between two looks at a run at work that somebody follows. */
const LOOK_MS = 1_000;

/** What the server works with, in this process. */
export function serveContext(
  context: CliContext,
  { debug, tokens, hosts, tls, hasPage }: ServeContextOptions,
): Omit<ServerParts, 'isDraining'> {
  const { signal, workers, secrets } = context;
  const jobs = new ServedJobs((source) => openServedJob(source, open));
  const metrics = new RequestMetrics();
  const log = watchSchedule(context, { debug });
  const open: OpenServedJobOptions = {
    clock: systemClock,
    signal,
    startWorkers: workers.start,
    onLiveCall: (job, seconds) => metrics.observeLive(job, seconds),
    onLiveFailure: (job, error) => log.warn(`live answers fail: ${error.message}`, { job }),
  };
  return {
    jobs,
    tokens: new Tokens(tokens),
    hosts,
    limits: DEFAULT_LIMITS,
    metrics,
    runMetrics: async () => runMetricsText(await figuresOf(jobs)),
    log,
    page: hasPage
      ? {
          clock: systemClock,
          makeReport: (request) => makeReportApart(request, signal),
          mask: (text) => secrets.mask(text),
          everyMs: LOOK_MS,
        }
      : null,
    tls,
  };
}

function figuresOf(jobs: ServedJobs): Promise<RunFigures[]> {
  return Promise.all(
    jobs.sources.map(({ folderOfJob, name }) => readRunFigures(folderOfJob, name, systemClock)),
  );
}
