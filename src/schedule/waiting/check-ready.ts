import { bindJob } from '../../config/bind-job.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import type { Clock } from '../../core/effects.ts';
import { toServeBatchError } from '../../core/errors.ts';
import { type ConditionState, type Readiness, readinessOf } from '../../core/readiness.ts';
import type { ScheduledJob, ScheduleEffects } from '../schedule-effects.ts';
import { predecessorState } from './predecessors.ts';

/** Whether occurrences of the job wait for anything. */
export function waits({ schedule }: Pick<ScheduledJob, 'schedule'>): boolean {
  return schedule.waitFor.length + schedule.after.length > 0;
}

/** Looks whether all that an occurrence waits for is there: other jobs first, then files and tables. */
export async function checkOccurrence(
  { spec, schedule, after = [] }: ScheduledJob,
  occurrence: Date,
  effects: Pick<ScheduleEffects, 'clock' | 'checkReady' | 'signal'>,
): Promise<Readiness> {
  const { clock } = effects;
  const now = clock.now();
  const jobs = await Promise.all(after.map((each) => predecessorState(each, occurrence, clock)));
  if (schedule.waitFor.length === 0) return readinessOf(now, jobs);
  return readinessOf(now, [...jobs, ...(await dataOf(spec, occurrence, effects))]);
}

/** Whether a job that an occurrence waits for has published since the last look: then nobody waits for the next one. */
export async function hasNewlyPublished(
  { after = [] }: ScheduledJob,
  occurrence: Date,
  known: Readiness,
  clock: Clock,
): Promise<boolean> {
  for (const each of after) {
    const { condition, isMet } = await predecessorState(each, occurrence, clock);
    if (isMet && known.conditions.some((was) => was.condition === condition && !was.isMet)) return true;
  }
  return false;
}

/** A condition that cannot be looked at is not met: its deadline comes all the same. */
async function dataOf(
  spec: JobSpec,
  occurrence: Date,
  { clock, checkReady, signal }: Pick<ScheduleEffects, 'clock' | 'checkReady' | 'signal'>,
): Promise<readonly ConditionState[]> {
  try {
    return (await checkReady(bindJob(spec, { occurrence, now: clock.now() }))).conditions;
  } catch (error) {
    signal.throwIfAborted();
    return [{ condition: 'schedule.waitFor', isMet: false, found: toServeBatchError(error).message }];
  }
}

/** Until when an occurrence waits, in milliseconds. */
export function waitsUntil({ schedule }: Pick<ScheduledJob, 'schedule'>, occurrence: Date): number {
  return occurrence.getTime() + (schedule.deadlineSeconds ?? 0) * 1000;
}

/** Whether an occurrence may run though its data is not there: it has waited long enough. */
export function runsUnready(job: Pick<ScheduledJob, 'schedule'>, occurrence: Date, now: Date): boolean {
  return job.schedule.onLate === 'run' && now.getTime() > waitsUntil(job, occurrence);
}
