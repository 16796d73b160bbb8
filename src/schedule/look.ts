import { makeFolder } from '../core/durable-file.ts';
import { folderOfJob } from '../jobs/locations.ts';
import { jsonText } from '../runs/json-file.ts';
import { occurrencesFolder } from '../runs/layout.ts';
import { createFileExclusively } from '../runs/lock/exclusive-file.ts';
import {
  newRecord,
  type OccurrenceState,
  recordPath,
  writeMissed,
} from '../runs/occurrence/occurrence-record.ts';
import { claimAlert } from './alert-mark.ts';
import { occurrencesBetween } from './cron-times.ts';
import { type Decision, decide, isSettled, type OccurrenceLedger, windowStart } from './decide.ts';
import { seeSchedule, writeFirstSight } from './first-sight.ts';
import { readLedger } from './read-ledger.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';

/** `since` moves on behind the window in steps of this, so that what is old is not looked through each time. */
const STEP_MS = 86_400_000;

/**
 * Looks at one job: compares what is due with what its output folder says, writes down what is skipped,
 * missed or waiting, and tells of what is late. Runs nothing.
 */
export async function lookAtJob(job: ScheduledJob, effects: ScheduleEffects): Promise<Decision> {
  const { spec, schedule } = job;
  const folder = folderOfJob(spec);
  const now = effects.clock.now();
  const since = await seeSchedule(folder, schedule, now);
  const window = windowStart(schedule, now);
  const isBehind = window.getTime() - since.getTime() > STEP_MS;
  const from = isBehind || since > window ? since : window;
  const ledger = await readLedger({ folderOfJob: folder, schedule, since, from, now, clock: effects.clock });
  if (isBehind) await leaveBehind(job, ledger, { since, window, now }, effects);
  const decision = decide({ job: spec.name, schedule, now, ledger });
  await note(job, decision, now, effects);
  return decision;
}

/** What is older than the window is not owed any more: it is said once. */
async function leaveBehind(
  { spec, schedule }: ScheduledJob,
  ledger: OccurrenceLedger,
  { since, window, now }: { readonly since: Date; readonly window: Date; readonly now: Date },
  { log }: ScheduleEffects,
): Promise<void> {
  const beforeWindow = new Date(window.getTime() - 1);
  const left = occurrencesBetween(schedule, since, beforeWindow).filter(
    (each) => !isSettled(each, { now, ledger }),
  );
  if (left.length > 0)
    log.warn(
      `${left.length} occurrences before ${window.toISOString()} are older than schedule.catchupWindow and do not run. Run them with: serve-batch backfill ${spec.name} --from ${left[0]?.toISOString()} --to ${left.at(-1)?.toISOString()}`,
      { job: spec.name },
    );
  const { cron, timezone } = schedule;
  await writeFirstSight(folderOfJob(spec), { cron, timezone, since: window.toISOString() });
}

/** An occurrence that would run, but for others that go first: it counts as having been there in time. */
export async function noteWaiting(job: ScheduledJob, occurrence: Date, effects: ScheduleEffects) {
  await noteOnce(folderOfJob(job.spec), occurrence, 'waiting', effects.clock.now());
}

async function note(
  { spec, schedule }: ScheduledJob,
  decision: Decision,
  now: Date,
  { log, announcer }: ScheduleEffects,
): Promise<void> {
  const folder = folderOfJob(spec);
  const about = (occurrence: Date) => ({ job: spec.name, occurrence: occurrence.toISOString() });
  for (const { occurrence, runId } of decision.settled)
    await noteOnce(folder, occurrence, 'done', now, runId);
  for (const occurrence of decision.wait)
    if (await noteOnce(folder, occurrence, 'waiting', now))
      log.info('waits: the job is still running', about(occurrence));
  for (const occurrence of decision.skip)
    if (await noteOnce(folder, occurrence, 'skipped', now))
      log.warn('skipped: the job was still running', about(occurrence));
  const [oldest] = decision.missed;
  const newest = decision.missed.at(-1);
  if (oldest !== undefined && newest !== undefined) {
    const count = decision.missed.length;
    const range = { from: oldest.toISOString(), to: newest.toISOString(), count };
    await writeMissed(folder, { formatVersion: 1, ...range, at: now.toISOString() });
    log.warn(
      `missed ${count} ${count === 1 ? 'occurrence' : 'occurrences'}: catchup is ${schedule.catchup}`,
      {
        job: spec.name,
        ...range,
      },
    );
  }
  for (const occurrence of decision.late) {
    if (!(await claimAlert(folder, occurrence, 'late', now))) continue;
    const message = `${spec.name} of ${occurrence.toISOString()} is late: it is not published ${schedule.deadlineSeconds} s after its time.`;
    const alert = { event: 'late', ...about(occurrence), runId: null, message, record: null } as const;
    log.warn(message, about(occurrence));
    await announcer.alert(spec, alert);
  }
}

/** Writes a record where there is none: those that exist belong to the holder of the lock. */
async function noteOnce(
  folder: string,
  occurrence: Date,
  state: OccurrenceState,
  now: Date,
  runId: string | null = null,
): Promise<boolean> {
  await makeFolder(occurrencesFolder(folder));
  const record = { ...newRecord(occurrence, now), state, runId };
  return createFileExclusively(recordPath(folder, occurrence), jsonText(record));
}
