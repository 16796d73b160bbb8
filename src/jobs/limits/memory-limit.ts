import type { JobSpec } from '../../config/job-spec.ts';

/** What DuckDB may use in a child where the job does not say. A bound, not a need: 200 MB are usual. */
const DEFAULT_LIMIT_BYTES = 1024 ** 3;

/** The limit as DuckDB's setting `memory_limit` takes it. */
export function memoryLimitOf(spec: {
  readonly execution: Pick<JobSpec['execution'], 'memoryLimitBytes'>;
}): string {
  return `${Math.ceil((spec.execution.memoryLimitBytes ?? DEFAULT_LIMIT_BYTES) / 1024)}KiB`;
}
