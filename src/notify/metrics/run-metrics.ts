import { failedGates } from '../../core/gates.ts';
import type { RunFigures } from './run-figures.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Undefined: nothing is said of such a job. */
  readonly of: (figures: RunFigures) => number | readonly Sample[] | undefined;
}

/** One of several values that a metric has for a job. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
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
  {
    name: 'last_run_gates_failed',
    help: 'Gates that the newest committed run failed.',
    of: ({ lastCommitted }) =>
      lastCommitted?.record?.gates === undefined ? undefined : failedGates(lastCommitted.record.gates).length,
  },
  {
    name: 'last_run_gate_passed',
    help: 'Whether the newest committed run passed a gate; nothing where there was nothing to compare with.',
    of: ({ lastCommitted }) =>
      lastCommitted?.record?.gates?.flatMap(({ name, verdict }) =>
        verdict === 'not compared' ? [] : [{ labels: { gate: name }, value: Number(verdict === 'passed') }],
      ),
  },
];

/** Figures of runs in Prometheus' text format. */
export function runMetricsText(jobs: readonly RunFigures[]): string {
  return METRICS.map((metric) => metricText(metric, jobs)).join('\n');
}

function metricText({ name, help, of }: Metric, jobs: readonly RunFigures[]): string {
  const full = `serve_batch_${name}`;
  const lines = jobs.flatMap((figures) => {
    const value = of(figures) ?? [];
    const samples = typeof value === 'number' ? [{ labels: {}, value }] : value;
    return samples.map(
      (each) => `${full}${labelsText({ job: figures.job, ...each.labels })} ${each.value}\n`,
    );
  });
  return `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${[...new Set(lines)].join('')}`;
}

function labelsText(labels: Sample['labels']): string {
  const escaped = (text: string): string =>
    text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(',')}}`;
}

function secondsOf(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
