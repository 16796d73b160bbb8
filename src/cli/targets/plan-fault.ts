import { silentLog, silentProgress, systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { jobOfFlags } from './job-of-flags.ts';
import { jobReadiness } from './job-readiness.ts';

/** What keeps a job from being planned; null: nothing. Throws what says nothing of the job. */
export async function planFault(context: CliContext, job: string): Promise<ServeBatchError | null> {
  const { signal, stdin, workers } = context;
  try {
    const spec = await jobOfFlags(context, job, {});
    const { planOnly } = await import('../../jobs/plan/plan-only.ts');
    // First: where the data is not there yet, only the files of the job can be checked.
    await jobReadiness(context, spec);
    const effects = { clock: systemClock, log: silentLog, progress: silentProgress };
    await planOnly({ spec, effects, signal, stdin, startWorkers: workers.start });
    return null;
  } catch (error) {
    if (!(error instanceof ServeBatchError) || signal.aborted) throw error;
    return error;
  }
}
