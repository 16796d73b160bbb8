import type { ServerOptions as TlsServerOptions } from 'node:https';
import { systemClock } from '../core/effects.ts';
import { DEFAULT_LIMITS, type ServerParts } from '../serving/http/http-server.ts';
import { Tokens } from '../serving/http/tokens.ts';
import { RequestMetrics } from '../serving/metrics/request-metrics.ts';
import { openServedJob } from '../serving/open-served-job.ts';
import { ServedJobs } from '../serving/served-jobs.ts';
import type { CliContext } from './context.ts';
import { watchSchedule } from './watch/watch-schedule.ts';

export interface ServeContextOptions {
  readonly debug: boolean;
  readonly tokens: readonly string[];
  readonly tls: TlsServerOptions | null;
}

/** What the server works with, in this process. */
export function serveContext(
  context: CliContext,
  { debug, tokens, tls }: ServeContextOptions,
): Omit<ServerParts, 'isDraining'> {
  const { signal, workers } = context;
  const open = { clock: systemClock, signal, startWorkers: workers.start };
  return {
    jobs: new ServedJobs((source) => openServedJob(source, open)),
    tokens: new Tokens(tokens),
    limits: DEFAULT_LIMITS,
    metrics: new RequestMetrics(),
    runMetrics: async () => '',
    log: watchSchedule(context, { debug }),
    tls,
  };
}
