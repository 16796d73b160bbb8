import { bindJob } from '../config/bind-job.ts';
import type { BoundJob } from '../config/job-spec.ts';
import type { AlertEvent } from '../config/sections/notify.ts';
import { type Progress, silentProgress } from '../core/effects.ts';
import { type ServeBatchError, toServeBatchError } from '../core/errors.ts';
import { type Readiness, runsWithout } from '../core/readiness.ts';
import { type Alert, alertOfError, alertOfResult, isNoFailure } from '../jobs/alert.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import type { RunJobResult } from '../jobs/run-job-options.ts';
import { failedRecord } from '../runs/list/earlier-runs.ts';
import { acquireLock } from '../runs/lock/lock.ts';
import { readRecord } from '../runs/occurrence/occurrence-record.ts';
import type { RunRecord } from '../runs/record/run-record.ts';
import { claimAlert } from './alert-mark.ts';
import { AlreadySettled, NotReady, OccurrenceAccount } from './occurrence-account.ts';
import { claimOutage, isStoreFailure } from './outage/store-outage.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';
import { checkOccurrence, runsUnready, waits } from './waiting/check-ready.ts';

export interface RunOccurrenceOptions {
  /** Run it though the ledger says that it failed or was left out, and do not try again by itself. */
  readonly anew?: boolean;
  /** Told of the run's progress. Default: nobody is. */
  readonly progress?: Progress;
}

/** What of the job is said of its occurrence. */
type Subject = Pick<BoundJob, 'name' | 'occurrence' | 'notify' | 'heartbeat' | 'schedule' | 'output'>;

/** How the run of an occurrence ended. */
export type OccurrenceEnd =
  /** It is committed, and published unless `error` says why not. */
  | { readonly kind: 'done'; readonly result: RunJobResult; readonly error: ServeBatchError | null }
  | { readonly kind: 'failed'; readonly error: ServeBatchError; readonly isFinal: boolean }
  /** Another process has it, or has done it. */
  | { readonly kind: 'left'; readonly why: string };

/**
 * Runs one occurrence, keeps its record and tells of what there is to tell. Throws only where it was asked
 * to end, and what nobody expected.
 */
export async function runOccurrence(
  job: ScheduledJob,
  occurrence: Date,
  effects: ScheduleEffects,
  { anew = false, progress = silentProgress }: RunOccurrenceOptions = {},
): Promise<OccurrenceEnd> {
  const { spec, schedule } = job;
  const { clock } = effects;
  const folder = folderOfJob(spec);
  const policy = anew ? { ...schedule, retries: 0 } : schedule;
  const account = new OccurrenceAccount({
    folderOfJob: folder,
    occurrence,
    schedule: policy,
    clock,
    anew,
    runsUnready: (now) => runsUnready(job, occurrence, now),
  });
  const subject: Subject = { ...spec, occurrence: occurrence.toISOString() };
  try {
    const result = await effects.runJob({
      spec: bindJob(spec, { occurrence, now: clock.now() }),
      resume: true,
      force: false,
      oncePerOccurrence: true,
      publish: 'unless newer',
      ...(waits(job) ? { checkReady: () => checkUnlessComputed(job, occurrence, anew, effects) } : {}),
      witness: account,
      effects: { clock, log: logOf(subject, effects), progress },
      signal: effects.signal,
      drain: effects.drain,
    });
    await tellOfResult(subject, occurrence, result, { retries: policy.retries, account }, effects);
    return { kind: 'done', result, error: result.publishError };
  } catch (error) {
    if (error instanceof AlreadySettled) return { kind: 'left', why: 'another process has done it' };
    if (error instanceof NotReady) return { kind: 'left', why: `it lacks ${error.message} now` };
    if (effects.signal.aborted || effects.drain.aborted) throw error;
    const failure = toServeBatchError(error);
    if (isNoFailure(failure)) return { kind: 'left', why: failure.message };
    if (!(await keptUnderLock(account, folder, failure, effects)))
      return { kind: 'left', why: 'another process runs it' };
    const isFinal = account.record.state === 'failed';
    if (account.record.attempts > policy.retries) {
      const alert = alertOfError(subject, failure, await failedRecord(folder, subject.occurrence, clock));
      const more = isFinal ? '' : ' It is tried again until its catchupWindow ends.';
      if (alert !== null)
        await tellFailure(
          subject,
          occurrence,
          { ...alert, message: `${alert.message}${more}` },
          failure,
          effects,
        );
    }
    return { kind: 'failed', error: failure, isFinal };
  }
}

/** Of a run that is computed, only readers are missing: its data was there. */
async function checkUnlessComputed(
  job: ScheduledJob,
  occurrence: Date,
  anew: boolean,
  effects: ScheduleEffects,
): Promise<Readiness | null> {
  const known = await readRecord(folderOfJob(job.spec), occurrence);
  if (known !== undefined && known.runId !== null) return null;
  const readiness = await checkOccurrence(job, occurrence, effects);
  if (anew && !readiness.isReady)
    effects.log.warn(runsWithout(readiness), { job: job.spec.name, occurrence: occurrence.toISOString() });
  return readiness;
}

/** What went wrong before the job had its lock is written down under it too. */
async function keptUnderLock(
  account: OccurrenceAccount,
  folder: string,
  failure: ServeBatchError,
  { clock }: ScheduleEffects,
): Promise<boolean> {
  if (account.record.state !== 'waiting' || account.record.attempts > 0) return true;
  try {
    const lock = await acquireLock(folder, { clock });
    try {
      await account.begins(null);
      await account.failed(failure);
    } finally {
      await lock.release();
    }
    return true;
  } catch (error) {
    if (error instanceof AlreadySettled || isNoFailure(error)) return false;
    throw error;
  }
}

async function tellOfResult(
  spec: Subject,
  occurrence: Date,
  result: RunJobResult,
  { retries, account }: { readonly retries: number; readonly account: OccurrenceAccount },
  effects: ScheduleEffects,
): Promise<void> {
  const alert = alertOfResult(spec, result);
  const isRetried = alert?.event === 'failed' && account.record.attempts <= retries;
  if (result.publishError !== null) {
    if (alert !== null && !isRetried)
      await tellFailure(spec, occurrence, alert, result.publishError, effects);
    return;
  }
  if (alert !== null) await tellOnce(spec, occurrence, alert, effects);
  await effects.announcer.success(spec);
  const deadline = spec.schedule?.deadlineSeconds ?? null;
  const now = effects.clock.now();
  if (deadline === null || result.record === null || result.outcome === 'up to date') return;
  if (now.getTime() <= occurrence.getTime() + deadline * 1000) return;
  await tellOnce(spec, occurrence, lateAlert(spec, result.record, now), effects);
}

function lateAlert(spec: Subject, record: RunRecord, now: Date): Alert {
  return {
    event: 'late',
    job: spec.name,
    occurrence: spec.occurrence,
    runId: record.runId,
    message: `${spec.name} of ${spec.occurrence} was late: it is ${record.status} since ${now.toISOString()}, after its deadline.`,
    record,
  };
}

/** A store that is down fails each occurrence that comes: it is told once for all of them. */
async function tellFailure(
  spec: Subject,
  occurrence: Date,
  alert: Alert,
  failure: ServeBatchError,
  effects: ScheduleEffects,
): Promise<void> {
  if (!isStoreFailure(failure)) return tellOnce(spec, occurrence, alert, effects);
  if (await claimOutage(folderOfJob(spec), failure, effects.clock))
    await effects.announcer.alert(spec, alert);
}

/** Each event of an occurrence is told once, whichever process finds it. */
async function tellOnce(
  spec: Subject,
  occurrence: Date,
  alert: Alert,
  { announcer, clock, log }: ScheduleEffects,
): Promise<void> {
  const event: AlertEvent = alert.event;
  if (!(await claimAlert(folderOfJob(spec), occurrence, event, clock.now()))) return;
  // That it failed is said where it is run.
  if (event !== 'failed') log.warn(alert.message, { job: spec.name, occurrence: alert.occurrence });
  await announcer.alert(spec, alert);
}

function logOf(spec: Subject, { log }: ScheduleEffects): ScheduleEffects['log'] {
  const about = { job: spec.name, occurrence: spec.occurrence };
  return {
    debug: (message, fields) => log.debug(message, { ...about, ...fields }),
    info: (message, fields) => log.info(message, { ...about, ...fields }),
    warn: (message, fields) => log.warn(message, { ...about, ...fields }),
    error: (message, fields) => log.error(message, { ...about, ...fields }),
  };
}
