import { type ServeBatchError, toServeBatchError } from '../../core/errors.ts';
import { isNoFailure } from '../../jobs/alert.ts';
import { folderOfJob } from '../../jobs/plan/locations.ts';
import { describeLostStore, type LostStore } from '../../jobs/publish/store-state.ts';
import { readHolder } from '../../runs/lock/lock.ts';
import { runIdTime } from '../../runs/run-id.ts';
import { claimAlert } from '../alert-mark.ts';
import { readPause } from '../pause.ts';
import type { ScheduledJob, ScheduleEffects } from '../schedule-effects.ts';

/**
 * Looks whether the store still shows the published run. Null where it does, where somebody works on the job or may
 * work on the store (a pause), and where the store does not answer: that is logged, and looked at again.
 */
export async function findLostStore(
  { spec }: ScheduledJob,
  { stores, clock, log }: ScheduleEffects,
): Promise<LostStore | null> {
  try {
    const folder = folderOfJob(spec);
    if ((await readPause(folder)) !== undefined) return null;
    // Whoever has the lock may be publishing just now.
    if ((await readHolder(folder, clock)) !== undefined) return null;
    const state = await stores.compare(spec);
    return state.kind === 'same' ? null : state;
  } catch (error) {
    const { message } = toServeBatchError(error);
    log.warn(`the store cannot be compared with the published run: ${message}`, { job: spec.name });
    return null;
  }
}

/**
 * Loads the published run again into a store that lost it, and tells of it. A store that shows a foreign run
 * is left alone, and somebody is told once. Returns why readers still do not see the published run.
 */
export async function mendStore(
  job: ScheduledJob,
  lost: LostStore,
  effects: ScheduleEffects,
): Promise<ServeBatchError | null> {
  const { stores, log } = effects;
  const about = { job: job.spec.name, runId: lost.published };
  const message = describeLostStore(job.spec.name, lost);
  try {
    if (lost.kind === 'foreign') {
      await tellOnce(job, lost, message, effects);
      return null;
    }
    log.warn(`${message} It is loaded again.`, about);
    if (!(await stores.reload(job.spec))) return null;
    log.info('the store was loaded again', about);
    await tell(job, lost, `${message} It was loaded again.`, effects);
    return null;
  } catch (error) {
    if (isNoFailure(error)) return null;
    const failure = toServeBatchError(error);
    log.error(`the store cannot be loaded again: ${failure.message}`, { ...about, code: failure.code });
    await tellOnce(job, lost, `${message} It cannot be loaded again: ${failure.message}`, effects);
    return failure;
  }
}

async function tell(
  { spec }: ScheduledJob,
  { published }: LostStore,
  message: string,
  { announcer }: ScheduleEffects,
): Promise<void> {
  const alert = { event: 'lost', job: spec.name, occurrence: null, runId: published, message } as const;
  await announcer.alert(spec, { ...alert, record: null });
}

/** What does not mend itself is found again at each look. */
async function tellOnce(
  job: ScheduledJob,
  lost: LostStore,
  message: string,
  effects: ScheduleEffects,
): Promise<void> {
  const mark = new Date(runIdTime(lost.published) ?? 0);
  if (!(await claimAlert(folderOfJob(job.spec), mark, 'lost', effects.clock.now()))) return;
  effects.log.warn(message, { job: job.spec.name, runId: lost.published });
  await tell(job, lost, message, effects);
}
