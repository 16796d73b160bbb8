import { missingData, type Readiness } from '../../core/readiness.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import { folderOfJob } from '../../jobs/plan/locations.ts';
import {
  listOccurrences,
  type OccurrenceStatus,
  type OccurrenceSummary,
} from '../../runs/occurrence/list-occurrences.ts';
import { claimAlerts } from '../alert-mark.ts';
import type { ScheduledJob, ScheduleEffects } from '../schedule-effects.ts';
import type { AwaitedDecision } from './await-data.ts';

type TellEffects = Pick<ScheduleEffects, 'log' | 'announcer' | 'clock'>;

/** Readers saw its run: somebody may have run by hand what the ledger knows as failed, skipped or missed. */
const PUBLISHED: readonly (OccurrenceStatus | undefined)[] = ['published', 'superseded', 'rolled back'];

const WHAT_BECAME: Partial<Record<OccurrenceStatus, string>> = {
  failed: ' It has failed.',
  skipped: ' It was skipped: the job was still running when its time came.',
  missed: ' It was missed: nothing ran it in time.',
  running: ' It is still running.',
  committed: ' Its run is complete, but not published.',
};

/**
 * Tells of the occurrences that were owed and are not published in time, whatever became of them: of several
 * that one look finds, in one alert.
 */
export async function tellLate(
  { spec, schedule }: ScheduledJob,
  { late, waits }: AwaitedDecision,
  now: Date,
  { log, announcer, clock }: TellEffects,
): Promise<void> {
  const [since] = late;
  if (since === undefined) return;
  const folder = folderOfJob(spec);
  const known = await listOccurrences(folder, clock, { since });
  const untold = late.filter((each) => !PUBLISHED.includes(statusOf(known, each)));
  const [oldest] = untold;
  const newest = untold.at(-1);
  if (oldest === undefined || newest === undefined) return;
  if (!(await claimAlerts(folder, untold, 'late', now))) return;
  const occurrence = newest.toISOString();
  const limit = `${schedule.deadlineSeconds} s after its time`;
  const about =
    oldest === newest
      ? `${spec.name} of ${occurrence} is late: it is not published ${limit}.`
      : `${formatNumber(untold.length, 'occurrence')} of ${spec.name} from ${oldest.toISOString()} to ${occurrence} are late: none is published ${limit}. Of the newest:`;
  const lacks = waits.get(occurrence)?.readiness;
  const message = `${about}${whatBecame(statusOf(known, newest) ?? 'waiting', lacks, schedule)}`;
  log.warn(message, { job: spec.name, occurrence });
  const alert = { event: 'late', job: spec.name, occurrence, runId: null, message, record: null } as const;
  await announcer.alert(spec, alert);
}

function whatBecame(
  status: OccurrenceStatus,
  lacks: Readiness | undefined,
  { onLate }: Pick<ScheduledJob['schedule'], 'onLate'>,
): string {
  const isOpen = ['waiting', 'skipped', 'failed', 'interrupted'].includes(status);
  if (lacks === undefined || lacks.isReady || !isOpen) return WHAT_BECAME[status] ?? ' It has not run yet.';
  const then = { skip: 'It is skipped.', run: 'It runs with what is there.', fail: 'It has failed.' }[onLate];
  return ` It lacks ${missingData(lacks)}. ${then}`;
}

function statusOf(known: readonly OccurrenceSummary[], occurrence: Date): OccurrenceStatus | undefined {
  const at = occurrence.toISOString();
  const own = known.find((each) => each.occurrence === at && each.status !== 'missed');
  return (own ?? known.find((each) => each.firstOccurrence <= at && at <= each.occurrence))?.status;
}
