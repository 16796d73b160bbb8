import { z } from 'zod';
import { makeFolder, removeFile, writeFileDurably } from '../../core/files/durable-file.ts';
import { lookAnew } from '../../core/files/mirror.ts';
import { jsonText, readJsonIfValid } from '../../runs/json-file.ts';
import { scheduleFile } from '../../runs/layout.ts';
import { type CronSchedule, latestOccurrence } from '../cron/cron-times.ts';

/** `schedule.json`: the schedule as it was first seen. */
export interface FirstSight extends CronSchedule {
  /** Occurrences before it are not owed. ISO 8601. */
  readonly since: string;
  /** Where many were looked through: those up to `until` need no further look. */
  readonly settled?: SettledMark | undefined;
}

export interface SettledMark {
  readonly until: string;
  /** When this was found. ISO 8601. */
  readonly at: string;
}

const schema: z.ZodType<FirstSight> = z.object({
  cron: z.string(),
  timezone: z.string(),
  since: z.iso.datetime(),
  settled: z.object({ until: z.iso.datetime(), at: z.iso.datetime() }).optional(),
});

/**
 * An occurrence so shortly before the schedule was first seen is owed: a command that system cron or
 * Kubernetes starts at its very minute runs it.
 */
export const LEEWAY_MS = 10 * 60_000;

/** Undefined where no scheduler has seen the job yet. */
export async function readFirstSight(folderOfJob: string): Promise<FirstSight | undefined> {
  await lookAnew(scheduleFile(folderOfJob));
  return readJsonIfValid(scheduleFile(folderOfJob), schema);
}

export async function writeFirstSight(folderOfJob: string, sight: FirstSight): Promise<void> {
  await makeFolder(folderOfJob);
  await writeFileDurably(scheduleFile(folderOfJob), jsonText(sight));
}

/** An occurrence that was settled begins anew: the mark behind which nobody looks is taken away. */
export async function unsettle(folderOfJob: string, occurrence: Date): Promise<void> {
  const sight = await readFirstSight(folderOfJob);
  if (sight?.settled === undefined || Date.parse(sight.settled.until) < occurrence.getTime()) return;
  const { cron, timezone, since } = sight;
  await writeFirstSight(folderOfJob, { cron, timezone, since });
}

/** A schedule that is switched off: it counts anew once it is switched on again. */
export async function forgetSchedule(folderOfJob: string): Promise<void> {
  await removeFile(scheduleFile(folderOfJob));
}

/**
 * The schedule as it was first seen. It counts anew where the schedule has changed, so that no occurrence of
 * the new one counts as missed from before, and where the clock was set back to before it.
 */
export async function seeSchedule(
  folderOfJob: string,
  { cron, timezone }: CronSchedule,
  now: Date,
): Promise<FirstSight> {
  const known = await readFirstSight(folderOfJob);
  const isSame = known?.cron === cron && known.timezone === timezone;
  if (known !== undefined && isSame && new Date(known.since) <= now) return known;
  const latest = latestOccurrence({ cron, timezone }, now);
  const isJustNow = latest !== null && now.getTime() - latest.getTime() <= LEEWAY_MS;
  const since = isJustNow ? latest : now;
  const sight = { cron, timezone, since: since.toISOString() };
  await writeFirstSight(folderOfJob, sight);
  return sight;
}
