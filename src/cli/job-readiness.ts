import { systemClock } from '../core/effects.ts';
import type { Readiness } from '../core/readiness.ts';
import type { RunJobOptions } from '../jobs/run-job-options.ts';

/** What an occurrence of the job waits for; null: nothing. Throws `JOB_FILE` for SQL that is not a condition. */
export async function jobReadiness({
  spec,
  signal,
  startWorkers,
}: Pick<RunJobOptions, 'spec' | 'signal' | 'startWorkers'>): Promise<Readiness | null> {
  if (spec.schedule === null || spec.schedule.waitFor.length === 0) return null;
  const { checkReadiness } = await import('../jobs/readiness/check-readiness.ts');
  const workers = startWorkers === undefined ? {} : { startWorkers };
  return checkReadiness(spec, { clock: systemClock, signal, ...workers });
}
