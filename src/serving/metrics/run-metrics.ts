import { Gauge, Registry } from 'prom-client';
import type { RunFigures } from './run-figures.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Undefined: nothing is said of such a job. */
  readonly of: (figures: RunFigures) => number | undefined;
}

const METRICS: readonly Metric[] = [
  {
    name: 'last_success_timestamp_seconds',
    help: 'When the run that readers see was published, in seconds since 1970.',
    of: ({ published }) => secondsOf(published?.publishedAt),
  },
  {
    name: 'last_run_timestamp_seconds',
    help: 'When the newest run was planned, in seconds since 1970.',
    of: ({ newest }) => secondsOf(newest?.createdAt),
  },
  {
    name: 'last_run_failed',
    help: 'Whether the newest run failed or was killed, or is committed and could not be published.',
    of: ({ newest }) =>
      newest &&
      Number(newest.status === 'failed' || newest.status === 'interrupted' || newest.failure !== undefined),
  },
  {
    name: 'running',
    help: 'Whether a run is at work.',
    of: ({ newest }) => newest && Number(newest.status === 'running'),
  },
  {
    name: 'last_run_rows_in',
    help: 'Rows of the input of the newest committed run.',
    of: ({ lastCommitted }) => lastCommitted?.record?.rowsIn,
  },
  {
    name: 'last_run_rows_out',
    help: 'Predictions of the newest committed run.',
    of: ({ lastCommitted }) => lastCommitted?.record?.rowsOut,
  },
  {
    name: 'last_run_rejects',
    help: 'Rejected rows of the newest committed run.',
    of: ({ lastCommitted }) => lastCommitted?.record?.rejects,
  },
  {
    name: 'last_run_duration_seconds',
    help: 'Duration of the newest committed run.',
    of: ({ lastCommitted }) => lastCommitted?.record?.durationSeconds,
  },
  {
    name: 'last_run_coverage_ratio',
    help: 'Share of its grid that the newest committed run has predictions for.',
    of: ({ lastCommitted }) => lastCommitted?.record?.coverage?.ratio,
  },
];

/** Figures of runs in Prometheus' text format. */
export function runMetricsText(jobs: readonly RunFigures[]): Promise<string> {
  const registry = new Registry();
  for (const { name, help, of } of METRICS) {
    const gauge = new Gauge({
      name: `serve_batch_${name}`,
      help,
      labelNames: ['job'],
      registers: [registry],
    });
    for (const figures of jobs) {
      const value = of(figures);
      if (value !== undefined) gauge.set({ job: figures.job }, value);
    }
  }
  return registry.metrics();
}

function secondsOf(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
