import type { GateResult } from '../../core/gates.ts';
import type { RunToCompute } from '../compute-run.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { comparedRuns } from './compared-runs.ts';

/** Looks whether a run that is about to be committed may be published. Empty where the job has no gates. */
export async function checkGatesOf({ locked, plan }: RunToCompute): Promise<readonly GateResult[]> {
  const { options, workers, folder } = locked;
  const { gates } = options.spec.publish;
  if (gates.length === 0) return [];
  options.effects.progress.update({ stage: 'check gates' });
  const compared = await comparedRuns(folder, plan, options);
  return workers.runRetrying('check-gates', {
    ...{ runId: plan.runId, memoryLimit: memoryLimitOf(options.spec), gates },
    ...compared,
  });
}
