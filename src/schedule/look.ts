import type { Log } from '../core/effects.ts';
import { makeFolder } from '../core/files/durable-file.ts';
import { formatNumber } from '../core/text/amounts.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import { jsonText } from '../runs/json-file.ts';
import { occurrencesFolder } from '../runs/layout.ts';
import { showJobAnew } from '../runs/mirror/show-job.ts';
import {
  newRecord,
  type OccurrenceState,
  recordPath,
  writeMissed,
} from '../runs/occurrence/occurrence-record.ts';
import { createFileExclusively } from '../storage/local/exclusive-file.ts';
import { type Decision, decide, lookStart } from './due/decide.ts';
import { type FirstSight, seeSchedule, writeFirstSight } from './due/first-sight.ts';
import { isCredible } from './due/known-occurrences.ts';
import { leaveBehind } from './due/leave-behind.ts';
import { readLedger } from './due/read-ledger.ts';
import { readPause, tellOfLongPause } from './pause.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';
import { type AwaitedDecision, awaitData } from './waiting/await-data.ts';
import { tellLate } from './waiting/tell-late.ts';

/** `since` moves on behind the window in steps of this, so that what is old is not looked through each time. */
const STEP_MS = 86_400_000;
/** So many settled occurrences are looked through at each look before they are noted as settled. */
const MOST_SETTLED = 50;

/** Of a bucket: older runs, once they were seen, are not listed each minute. */
const RUNS_LOOKED_AT = 20;

/**
 * Looks at one job: compares what is due with what its output folder says, writes down what is skipped,
 * missed or waiting, and tells of what is late. Runs nothing.
 */
export async function lookAtJob(job: ScheduledJob, effects: ScheduleEffects): Promise<AwaitedDecision> {
  const { spec, schedule } = job;
  const { clock } = effects;
  const folder = folderOfJob(spec);
  const now = clock.now();
  await showJobAnew(folder, { newest: RUNS_LOOKED_AT });
  const sight = await seeSchedule(folder, schedule, now);
  const since = new Date(sight.since);
  const start = lookStart(schedule, now);
  const isBehind = start.getTime() - since.getTime() > STEP_MS;
  const from = isBehind || since > start ? since : start;
  const open = isBehind ? from : afterSettled(sight, from, now);
  const ledger = await readLedger({ folderOfJob: folder, schedule, since: open, from: open, now, clock });
  if (isBehind) await leaveBehind(job, ledger, { since, start, now }, effects);
  const pause = await readPause(folder);
  const due = decide({ job: spec.name, schedule, now, ledger });
  const startable = pause === undefined ? due : { ...due, run: [], wait: [] };
  const decision = await awaitData(job, startable, ledger, effects);
  await note(job, decision, now, effects);
  if (pause !== undefined) await tellOfLongPause(job, pause, effects);
  if (!isBehind && (decision.settledUntil?.count ?? 0) > MOST_SETTLED)
    await noteSettled(folder, sight, decision, now);
  return decision;
}

/** What a clock that was ahead has noted does not count. */
function afterSettled({ settled }: FirstSight, from: Date, now: Date): Date {
  if (settled === undefined || !isCredible(settled, now)) return from;
  return new Date(Math.max(from.getTime(), Date.parse(settled.until) + 1));
}

async function noteSettled(
  folder: string,
  sight: FirstSight,
  { settledUntil }: Decision,
  now: Date,
): Promise<void> {
  if (settledUntil === null) return;
  const settled = { until: settledUntil.until.toISOString(), at: now.toISOString() };
  await writeFirstSight(folder, { ...sight, settled });
}

/** An occurrence that would run, but for others that go first: it counts as having been there in time. */
export async function noteWaiting(job: ScheduledJob, occurrence: Date, effects: ScheduleEffects) {
  await noteOnce(folderOfJob(job.spec), occurrence, 'waiting', effects.clock.now());
}

async function note(
  { spec, schedule }: ScheduledJob,
  decision: AwaitedDecision,
  now: Date,
  { log, announcer, clock }: ScheduleEffects,
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
  await noteMissed(folder, { spec, schedule }, decision, now, log);
  await tellLate({ spec, schedule }, decision, now, { log, announcer, clock });
}

async function noteMissed(
  folder: string,
  { spec, schedule }: ScheduledJob,
  { missed }: Decision,
  now: Date,
  log: Log,
): Promise<void> {
  const [oldest] = missed;
  const newest = missed.at(-1);
  if (oldest === undefined || newest === undefined) return;
  const range = { from: oldest.toISOString(), to: newest.toISOString(), count: missed.length };
  await writeMissed(folder, { formatVersion: 1, ...range, at: now.toISOString() });
  log.warn(`missed ${formatNumber(missed.length, 'occurrence')}: catchup is ${schedule.catchup}`, {
    job: spec.name,
    ...range,
  });
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
