import { ServeBatchError } from '../../core/errors.ts';
import { missingData, type Readiness } from '../../core/readiness.ts';
import { isNoFailure } from '../../jobs/alert.ts';
import { folderOfJob } from '../../jobs/plan/locations.ts';
import { findCommittedRun } from '../../runs/list/occurrence-runs.ts';
import { acquireLock } from '../../runs/lock/lock.ts';
import { newRecord, readRecord, writeRecord } from '../../runs/occurrence/occurrence-record.ts';
import { recorded } from '../../runs/record/recorded-error.ts';
import { claimAlert } from '../alert-mark.ts';
import type { ScheduledJob, ScheduleEffects } from '../schedule-effects.ts';

/**
 * Settles an occurrence that has waited until its deadline in vain: it is skipped, or has failed, as
 * `schedule.onLate` says. Null where another process has the lock, or has settled it.
 */
export async function giveUpWaiting(
  job: ScheduledJob,
  occurrence: Date,
  readiness: Readiness,
  effects: ScheduleEffects,
): Promise<ServeBatchError | null> {
  const { spec, schedule } = job;
  const at = occurrence.toISOString();
  const state = schedule.onLate === 'skip' ? 'skipped' : 'failed';
  const done = state === 'skipped' ? 'was skipped' : 'failed';
  const message = `${spec.name} of ${at} ${done}: at its deadline it lacked ${missingData(readiness)}. Run it when that is there: serve-batch backfill ${spec.name} --from ${at} --to ${at}`;
  const failure = new ServeBatchError('NOT_READY', message, { fields: { job: spec.name, occurrence: at } });
  if (!(await settle(job, occurrence, { state, error: failure }, effects))) return null;
  const { log, clock, announcer } = effects;
  if (state === 'skipped') log.warn(message, { job: spec.name, occurrence: at });
  else {
    log.error(message, { job: spec.name, occurrence: at, code: failure.code });
    const alert = {
      event: 'failed',
      job: spec.name,
      occurrence: at,
      runId: null,
      message,
      record: null,
    } as const;
    if (await claimAlert(folderOfJob(spec), occurrence, 'failed', clock.now()))
      await announcer.alert(spec, alert);
  }
  return failure;
}

interface Verdict {
  readonly state: 'skipped' | 'failed';
  readonly error: ServeBatchError;
}

/** False where another process has the lock, or has settled it. */
async function settle(
  { spec }: ScheduledJob,
  occurrence: Date,
  { state, error }: Verdict,
  { clock }: ScheduleEffects,
): Promise<boolean> {
  const folder = folderOfJob(spec);
  try {
    const lock = await acquireLock(folder, { clock });
    try {
      const known = await readRecord(folder, occurrence);
      if (known !== undefined && known.state !== 'waiting' && known.state !== 'running') return false;
      if ((await findCommittedRun(folder, occurrence.toISOString(), clock)) !== undefined) return false;
      const at = clock.now();
      const record = { ...newRecord(occurrence, at), ...known, at: at.toISOString() };
      await writeRecord(folder, { ...record, state, error: recorded(error), nextAttemptAt: null });
      return true;
    } finally {
      await lock.release();
    }
  } catch (problem) {
    if (isNoFailure(problem)) return false;
    throw problem;
  }
}
