import { silentLog, silentProgress, systemClock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { jobOfFlags } from './job-of-flags.ts';

/** What keeps a job from being planned; null: nothing. Throws what says nothing of the job. */
export async function planFault(context: CliContext, job: string): Promise<ServeBatchError | null> {
  const { signal, stdin, workers } = context;
  try {
    const spec = await jobOfFlags(context, job, {});
    const { planOnly } = await import('../jobs/plan-only.ts');
    const effects = { clock: systemClock, log: silentLog, progress: silentProgress };
    await planOnly({ spec, effects, signal, stdin, startWorkers: workers.start });
    return null;
  } catch (error) {
    if (!(error instanceof ServeBatchError) || signal.aborted) throw error;
    return error;
  }
}
