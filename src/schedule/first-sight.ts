import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { makeFolder, writeFileDurably } from '../core/durable-file.ts';
import { jsonText, readJsonIfValid } from '../runs/json-file.ts';
import { scheduleFile } from '../runs/layout.ts';
import { type CronSchedule, latestOccurrence } from './cron-times.ts';

/** `schedule.json`: the schedule as it was first seen. */
export interface FirstSight extends CronSchedule {
  /** Occurrences before it are not owed. ISO 8601. */
  readonly since: string;
}

const schema: z.ZodType<FirstSight> = z.object({
  cron: z.string(),
  timezone: z.string(),
  since: z.iso.datetime(),
});

/**
 * An occurrence so shortly before the schedule was first seen is owed: a command that system cron or
 * Kubernetes starts at its very minute runs it.
 */
export const LEEWAY_MS = 10 * 60_000;

/** Undefined where no scheduler has seen the job yet. */
export function readFirstSight(folderOfJob: string): Promise<FirstSight | undefined> {
  return readJsonIfValid(scheduleFile(folderOfJob), schema);
}

export async function writeFirstSight(folderOfJob: string, sight: FirstSight): Promise<void> {
  await makeFolder(folderOfJob);
  await writeFileDurably(scheduleFile(folderOfJob), jsonText(sight));
}

/** A schedule that is switched off: it counts anew once it is switched on again. */
export async function forgetSchedule(folderOfJob: string): Promise<void> {
  await rm(scheduleFile(folderOfJob), { force: true });
}

/**
 * Since when occurrences are owed. It starts anew where the schedule has changed, so that no occurrence of
 * the new one counts as missed from before, and where the clock was set back to before it.
 */
export async function seeSchedule(
  folderOfJob: string,
  { cron, timezone }: CronSchedule,
  now: Date,
): Promise<Date> {
  const known = await readFirstSight(folderOfJob);
  const isSame = known?.cron === cron && known.timezone === timezone;
  if (known !== undefined && isSame && new Date(known.since) <= now) return new Date(known.since);
  const latest = latestOccurrence({ cron, timezone }, now);
  const isJustNow = latest !== null && now.getTime() - latest.getTime() <= LEEWAY_MS;
  const since = isJustNow ? latest : now;
  await writeFirstSight(folderOfJob, { cron, timezone, since: since.toISOString() });
  return since;
}
