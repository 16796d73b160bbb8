import type { ServeBatchError } from '../../core/errors.ts';
import { missingData } from '../../core/readiness.ts';
import { folderOfJob } from '../../jobs/plan/locations.ts';
import { isCommitted } from '../../runs/list/run-status.ts';
import { type OccurrenceWait, writeWait } from '../../runs/occurrence/occurrence-record.ts';
import type { Decision, OccurrenceLedger } from '../due/decide.ts';
import type { ScheduledJob, ScheduleEffects } from '../schedule-effects.ts';
import { checkOccurrence, hasNewlyPublished, waits, waitsUntil } from './check-ready.ts';
import { giveUpWaiting } from './give-up-waiting.ts';

/** Occurrences that are looked at in one look: checks may read tables. */
const CHECKS_AT_ONCE = 16;

/** A decision, after what its occurrences wait for was looked at. */
export interface AwaitedDecision extends Decision {
  /** What this look found of occurrences that wait, by occurrence. */
  readonly waits: ReadonlyMap<string, OccurrenceWait>;
  /** Occurrences that have waited in vain, and failed at this look. */
  readonly unready: readonly ServeBatchError[];
}

interface Found {
  readonly kind: 'ready' | 'waits' | 'given up';
  readonly wait: OccurrenceWait | null;
  readonly failure: ServeBatchError | null;
}

/**
 * Lets the first occurrence run whose data is there. The others are written down with what they wait for; one
 * that has waited until its deadline is skipped, fails, or runs with what is there.
 */
export async function awaitData(
  job: ScheduledJob,
  decision: Decision,
  ledger: OccurrenceLedger,
  effects: ScheduleEffects,
): Promise<AwaitedDecision> {
  const found = new Map<string, OccurrenceWait>(ledger.waits);
  const unready: ServeBatchError[] = [];
  const awaited = { ...decision, waits: found, unready };
  if (!waits(job)) return awaited;
  let nextAt = decision.nextAt;
  let checks = 0;
  for (const occurrence of decision.run) {
    if (isComputed(occurrence, ledger)) return { ...awaited, run: [occurrence], nextAt };
    const known = ledger.waits.get(occurrence.toISOString());
    const isTime = await isTimeToCheck(known, job, occurrence, effects);
    if (isTime && checks++ >= CHECKS_AT_ONCE) continue;
    const { kind, wait, failure } = isTime
      ? await check(job, occurrence, known, effects)
      : { kind: 'waits', wait: known ?? null, failure: null };
    if (wait !== null) found.set(occurrence.toISOString(), wait);
    if (failure !== null) unready.push(failure);
    if (kind === 'ready') return { ...awaited, run: [occurrence], nextAt };
    if (kind === 'waits' && wait !== null) nextAt = earlier(nextAt, new Date(wait.nextCheckAt));
  }
  return { ...awaited, run: [], nextAt };
}

function earlier(a: Date | null, b: Date): Date {
  return a === null || b < a ? b : a;
}

/** Its data was there: only its readers do not see it yet. */
function isComputed(occurrence: Date, { records, runs }: OccurrenceLedger): boolean {
  const at = occurrence.toISOString();
  const run = runs.get(at);
  return (records.get(at)?.runId ?? null) !== null || (run !== undefined && isCommitted(run.status));
}

/**
 * True as soon as another job has published what this one waits for; else once the pause between checks is over. A next
 * check farther ahead than one pause was written under another clock.
 */
async function isTimeToCheck(
  known: OccurrenceWait | undefined,
  job: ScheduledJob,
  occurrence: Date,
  { clock }: ScheduleEffects,
): Promise<boolean> {
  if (known === undefined || known.readiness.isReady) return true;
  const pauseMs = Date.parse(known.nextCheckAt) - clock.now().getTime();
  if (pauseMs <= 0 || pauseMs > job.schedule.checkEverySeconds * 1000) return true;
  return hasNewlyPublished(job, occurrence, known.readiness, clock);
}

async function check(
  job: ScheduledJob,
  occurrence: Date,
  known: OccurrenceWait | undefined,
  effects: ScheduleEffects,
): Promise<Found> {
  const { spec, schedule } = job;
  const { clock, log } = effects;
  const folder = folderOfJob(spec);
  const about = { job: spec.name, occurrence: occurrence.toISOString() };
  const readiness = await checkOccurrence(job, occurrence, effects);
  const now = clock.now();
  const deadline = waitsUntil(job, occurrence);
  const isLate = now.getTime() > deadline;
  // At the deadline itself, whatever the pause is.
  const pauseEnd = now.getTime() + schedule.checkEverySeconds * 1000;
  const nextCheckAt = new Date(isLate ? pauseEnd : Math.min(pauseEnd, deadline + 1)).toISOString();
  const wait = { formatVersion: 1, occurrence: about.occurrence, nextCheckAt, readiness } as const;
  if (readiness.isReady) {
    if (known !== undefined) await writeWait(folder, wait);
    return { kind: 'ready', wait: known === undefined ? null : wait, failure: null };
  }
  await writeWait(folder, wait);
  if (!isLate) {
    if (known === undefined || missingData(known.readiness) !== missingData(readiness))
      log.info(`waits for ${missingData(readiness)}`, about);
    return { kind: 'waits', wait, failure: null };
  }
  if (schedule.onLate === 'run') {
    log.warn(`runs, though it lacks ${missingData(readiness)}`, about);
    return { kind: 'ready', wait, failure: null };
  }
  const failure = await giveUpWaiting(job, occurrence, readiness, effects);
  return {
    kind: failure === null ? 'waits' : 'given up',
    wait,
    failure: schedule.onLate === 'fail' ? failure : null,
  };
}
