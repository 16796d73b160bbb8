import { timeZoneOf } from '../../config/bind-job.ts';
import type { RunAccuracy } from '../../core/accuracy.ts';
import type { GateResult } from '../../core/gates.ts';
import type { Plan } from '../../core/plan.ts';
import { originOfRun } from '../accuracy/score-runs.ts';
import { newestScored } from '../accuracy/scored-runs.ts';
import type { RunToCompute } from '../compute-run.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import type { RunJobOptions } from '../run-job-options.ts';
import { comparedRuns } from './compared-runs.ts';

/** Earlier runs that are scored, as many as the gates look at. */
async function scoredBefore(
  { identity, createdAt }: Plan,
  { spec, effects }: Pick<RunJobOptions, 'spec' | 'effects'>,
): Promise<readonly RunAccuracy[]> {
  const counts = spec.publish.gates.flatMap((gate) => (gate.kind === 'accuracy' ? [gate.runs] : []));
  if (counts.length === 0) return [];
  const before = originOfRun({ occurrence: identity.occurrence, createdAt }, timeZoneOf(spec));
  return newestScored(spec, { before, count: Math.max(...counts), clock: effects.clock });
}

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
    scored: await scoredBefore(plan, options),
  });
}
