import { ServeBatchError, toServeBatchError } from '../core/errors.ts';
import { formatCount, formatSeconds } from '../core/text/amounts.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import type { RunJobOutcome } from '../jobs/run-job-options.ts';
import type { RunRecord } from '../runs/record/run-record.ts';
import type { Decision } from './due/decide.ts';
import { forgetSchedule } from './due/first-sight.ts';
import type { LoadedSchedule } from './load-jobs.ts';
import { lookAtJob } from './look.ts';
import { findLostStore, mendStore } from './outage/keep-store.ts';
import { Places } from './places.ts';
import { type RunOccurrenceOptions, runOccurrence } from './run-occurrence.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';
import { scorePublished } from './score-published.ts';

/** Jobs that are looked at at the same time. */
export const LOOKS_AT_ONCE = 8;

/** A look takes none of the places of runs: a store that keeps silent holds up no run of another job. */
interface TickPlaces {
  readonly looks: Places;
  readonly runs: Places;
}

/**
 * Does once what is due, for every job, and returns the first failure: of a job file, of a run, or of an
 * occurrence that failed earlier and still waits to be tried again. Null where all is well.
 */
export async function tickOnce(
  { jobs, off, problems }: LoadedSchedule,
  effects: ScheduleEffects,
  concurrency: number,
): Promise<ServeBatchError | null> {
  const failures: ServeBatchError[] = [];
  for (const { job, error } of problems) {
    effects.log.warn(`the job file cannot be used: ${error.message}`, { job });
    failures.push(error);
  }
  for (const { spec } of off) await forgetSchedule(folderOfJob(spec));
  const places = { looks: new Places(LOOKS_AT_ONCE), runs: new Places(concurrency) };
  const ends = new Map<string, Promise<void>>();
  const work = async (job: ScheduledJob): Promise<void> => {
    const othersEnd = async () => void (await Promise.all(job.schedule.after.map((name) => ends.get(name))));
    const found = await tickJob(job, effects, places, othersEnd).catch((error) =>
      unreadable(job, error, effects),
    );
    failures.push(...found);
  };
  for (const job of jobs) ends.set(job.spec.name, work(job));
  await Promise.all(ends.values());
  return failures[0] ?? null;
}

/** Its folder cannot be read: that is for this job alone, and the others go on. */
function unreadable(
  { spec }: ScheduledJob,
  error: unknown,
  { log, drain }: ScheduleEffects,
): ServeBatchError[] {
  drain.throwIfAborted();
  const fault = toServeBatchError(error);
  log.error(`the job cannot be looked at: ${fault.message}`, { job: spec.name, code: fault.code });
  return [fault];
}

/** @param othersEnd resolves when the jobs that it waits for have done what is due of them */
async function tickJob(
  job: ScheduledJob,
  effects: ScheduleEffects,
  { looks, runs }: TickPlaces,
  othersEnd: () => Promise<void>,
): Promise<ServeBatchError[]> {
  const { slots } = job.spec.execution;
  const failures: ServeBatchError[] = [];
  const tried = new Set<number>();
  let mayBeFreed = job.schedule.after.length > 0;
  for (let isFirst = true; ; isFirst = false) {
    effects.drain.throwIfAborted();
    const decision = await looks.take(1, () => lookAtJob(job, effects));
    const lost = isFirst ? await looks.take(1, () => findLostStore(job, effects)) : null;
    const unmended = lost === null ? null : await runs.take(slots, () => mendStore(job, lost, effects));
    if (unmended !== null) failures.push(unmended);
    failures.push(...decision.unready);
    const next = decision.run.find((each) => !tried.has(each.getTime()));
    if (next === undefined && mayBeFreed) {
      await othersEnd();
      mayBeFreed = false;
      continue;
    }
    if (next === undefined) {
      await runs.take(slots, () => scorePublished(job, effects));
      return failures.length > 0 ? failures : stillFailing(job, decision);
    }
    tried.add(next.getTime());
    const failure = await runs.take(slots, () => runAndReport(job, next, effects));
    if (failure !== null) failures.push(failure);
  }
}

function stillFailing({ spec }: ScheduledJob, { failing }: Decision): ServeBatchError[] {
  return failing.flatMap(({ occurrence, attempts, error, nextAttemptAt }) =>
    error === null
      ? []
      : new ServeBatchError(
          error.code,
          `${spec.name} of ${occurrence} failed (attempt ${attempts}) and is tried again at ${nextAttemptAt}: ${error.message}`,
          { exitCode: error.exitCode, fields: { job: spec.name, occurrence } },
        ),
  );
}

/** Runs one occurrence and says in a line how it ended. Returns why it is not published, if it should be. */
export async function runAndReport(
  job: ScheduledJob,
  occurrence: Date,
  effects: ScheduleEffects,
  options: RunOccurrenceOptions = {},
): Promise<ServeBatchError | null> {
  const { log } = effects;
  const about = { job: job.spec.name, occurrence: occurrence.toISOString() };
  log.info('starts', about);
  const end = await runOccurrence(job, occurrence, effects, options);
  switch (end.kind) {
    case 'left':
      log.info(`left to another process: ${end.why}`, about);
      return null;
    case 'failed': {
      const { code, exitCode, message } = end.error;
      const fields = { ...about, code, exitCode };
      if (end.isFinal) log.error(`failed for good: ${message}`, fields);
      else log.warn(`failed, and is tried again: ${message}`, fields);
      return end.error;
    }
    case 'done': {
      const { record, outcome } = end.result;
      if (record === null) {
        log.info(end.result.message, about);
        return null;
      }
      const fields = { ...about, runId: record.runId, folder: folderOfJob(job.spec) };
      if (end.error === null) log.info(describeEnd(outcome, record), fields);
      else
        log.warn(`committed, but not published: ${end.error.message}`, { ...fields, code: end.error.code });
      return end.error;
    }
  }
}

/** `published: 700,000 rows in 2.25 s, 3 rejected`. */
function describeEnd(outcome: RunJobOutcome, record: RunRecord): string {
  if (outcome !== 'computed') return `${outcome}: the run is ${record.status}`;
  const rejected = record.rejects === 0 ? '' : `, ${formatCount(record.rejects)} rejected`;
  return `${record.status}: ${formatCount(record.rowsOut)} rows in ${formatSeconds(record.durationSeconds)}${rejected}`;
}
