import { z } from 'zod';
import { formatDuration } from '../config/fields/duration.ts';
import { makeFolder, removeFile, writeFileDurably } from '../core/files/durable-file.ts';
import { lookAnew } from '../core/files/mirror.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import { jsonText, readJsonIfValid } from '../runs/json-file.ts';
import { pauseFile } from '../runs/layout.ts';
import { claimAlert } from './alert-mark.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';

/** `pause.json`: somebody has paused the schedule of a job. */
export interface Pause {
  /** ISO 8601, whole seconds. */
  readonly since: string;
  readonly reason: string | null;
  /** Who is logged in where it was paused: `anna@build-3`. */
  readonly by: string;
  /** After so long somebody is told that the job is still paused. */
  readonly alertAfterSeconds: number;
}

export const DEFAULT_PAUSE_ALERT_SECONDS = 86_400;

const schema: z.ZodType<Pause> = z.object({
  since: z.iso.datetime(),
  reason: z.string().nullable(),
  by: z.string(),
  alertAfterSeconds: z.int().positive(),
});

/** Undefined where the job is not paused. */
export async function readPause(folder: string): Promise<Pause | undefined> {
  await lookAnew(pauseFile(folder));
  return readJsonIfValid(pauseFile(folder), schema);
}

/** Pauses a job, or replaces the reason of a pause; `since` of an earlier one stays. */
export async function pauseJob(
  folder: string,
  { now, ...pause }: Omit<Pause, 'since'> & { readonly now: Date },
): Promise<Pause> {
  const known = await readPause(folder);
  const since = known?.since ?? `${now.toISOString().slice(0, 19)}.000Z`;
  const written = { since, ...pause };
  await makeFolder(folder);
  await writeFileDurably(pauseFile(folder), jsonText(written));
  return written;
}

/** The pause that has ended; undefined where there was none. */
export async function resumeJob(folder: string): Promise<Pause | undefined> {
  const known = await readPause(folder);
  await removeFile(pauseFile(folder));
  return known;
}

/** `paused since 2026-11-21T08:00:00Z by anna@build-3: the prices are wrong`, in one line. */
export function describePause({ since, by, reason }: Pause): string {
  const why = reason === null ? '' : `: ${reason.replace(/\s+/g, ' ')}`;
  return `paused since ${since.replace('.000Z', 'Z')} by ${by}${why}`;
}

/** Tells once of a pause that lasts for long: whoever paused the job may have forgotten it. */
export async function tellOfLongPause(
  { spec }: ScheduledJob,
  pause: Pause,
  { clock, log, announcer }: Pick<ScheduleEffects, 'clock' | 'log' | 'announcer'>,
): Promise<void> {
  const now = clock.now();
  const since = new Date(pause.since);
  if (now.getTime() - since.getTime() < pause.alertAfterSeconds * 1000) return;
  if (!(await claimAlert(folderOfJob(spec), since, 'paused', now))) return;
  const message = `${spec.name} is still ${describePause(pause)}. That is longer than ${formatDuration(pause.alertAfterSeconds)}. Its occurrences do not run until somebody resumes it: serve-batch jobs resume ${spec.name}`;
  log.warn(message, { job: spec.name });
  const alert = {
    event: 'paused',
    job: spec.name,
    occurrence: null,
    runId: null,
    message,
    record: null,
  } as const;
  await announcer.alert(spec, alert);
}
