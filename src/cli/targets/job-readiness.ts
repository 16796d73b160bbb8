import type { BoundJob } from '../../config/job-spec.ts';
import { systemClock } from '../../core/effects.ts';
import { type ConditionState, type Readiness, readinessOf } from '../../core/readiness.ts';
import type { CliContext } from '../context.ts';

type Surroundings = Pick<CliContext, 'cwd' | 'env' | 'secrets' | 'signal' | 'workers'>;

/**
 * What an occurrence of the job waits for, other jobs first; null: nothing. Throws `JOB_FILE` for SQL that is
 * not a condition.
 */
export async function jobReadiness(context: Surroundings, spec: BoundJob): Promise<Readiness | null> {
  const now = systemClock.now();
  const jobs = await statesOfPredecessors(context, spec);
  if (spec.schedule === null || spec.schedule.waitFor.length === 0)
    return jobs.length === 0 ? null : readinessOf(now, jobs);
  const { checkReadiness } = await import('../../jobs/readiness/check-readiness.ts');
  const { signal, workers } = context;
  const data = await checkReadiness(spec, { clock: systemClock, signal, startWorkers: workers.start });
  return readinessOf(now, [...jobs, ...data.conditions]);
}

/** Of a run that is for no occurrence, nobody can say which run of another job has to be there. */
async function statesOfPredecessors(
  { cwd, env, secrets }: Surroundings,
  { schedule, occurrence }: BoundJob,
): Promise<readonly ConditionState[]> {
  if (schedule === null || schedule.after.length === 0 || occurrence === null) return [];
  const { predecessorsNamed } = await import('../../schedule/load-jobs.ts');
  const { predecessorState } = await import('../../schedule/waiting/predecessors.ts');
  const named = await predecessorsNamed(schedule.after, { projectFolder: cwd, env, secrets });
  return Promise.all(named.map((each) => predecessorState(each, new Date(occurrence), systemClock)));
}
