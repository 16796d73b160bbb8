import { machineLimits } from '../core/machine/machine-limits.ts';
import type { DatabaseOptions } from '../source/duckdb/database.ts';

/** More threads would each hold row groups of their own; reading does not get much faster. */
const MOST_THREADS = 4;

/**
 * What DuckDB may use for a report. A bound, not a need: the figures of a run need the same memory
 * whatever its rows.
 */
export function reportLimits(): Pick<DatabaseOptions, 'threads' | 'memoryLimit'> {
  return { threads: Math.min(MOST_THREADS, machineLimits().cpus), memoryLimit: '1GB' };
}
