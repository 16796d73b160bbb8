import type { BoundJob } from '../config/job-spec.ts';
import type { Clock, Log } from '../core/effects.ts';
import type { RunReporter } from '../jobs/run-reporter.ts';
import { createLineage } from './lineage/lineage.ts';
import { sendMetrics } from './metrics/send-metrics.ts';

/** A run that has ended waits for a program that does not answer: some ten seconds, and no longer. */
const TIMEOUT_MS = 4_000;
const PAUSES_MS: readonly number[] = [1_000];

export interface RunReporterOptions {
  readonly spec: Pick<BoundJob, 'name' | 'description' | 'metrics' | 'lineage'>;
  readonly folderOfJob: string;
  readonly clock: Clock;
  /** Takes passwords out of what is sent and logged. */
  readonly mask: (text: string) => string;
  /** Default: 4 s for one try. */
  readonly timeoutMs?: number;
  /** Before the second and later tries. Default: one second try, after a second. */
  readonly pausesMs?: readonly number[];
}

/** Tells programs of a job's runs: OpenLineage, and Prometheus. */
export function createRunReporter(options: RunReporterOptions): RunReporter {
  const { spec, folderOfJob, clock, mask, timeoutMs = TIMEOUT_MS, pausesMs = PAUSES_MS } = options;
  const attemptWith = (log: Log) => async (what: string, send: () => Promise<void>) => {
    try {
      await send();
    } catch (error) {
      log.warn(mask(`${what}: ${error instanceof Error ? error.message : String(error)}`));
    }
  };
  const { name: job, lineage, metrics } = spec;
  const limits = { timeoutMs, pausesMs };
  const events = lineage && createLineage({ spec: lineage, job: spec, folderOfJob, clock, mask, ...limits });
  return {
    began: (plan, log) => events?.began(plan, attemptWith(log)),
    ended: async (plan, end, log) => events?.ended(plan, end, attemptWith(log)),
    released: async (log) => {
      if (metrics === null) return;
      await sendMetrics(metrics, { job, folderOfJob, clock, ...limits, attempt: attemptWith(log) });
    },
  };
}
