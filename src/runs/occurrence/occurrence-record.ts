import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import type { Readiness } from '../../core/readiness.ts';
import { isMissing, jsonText, readJsonIfValid } from '../json-file.ts';
import { occurrenceStamp, occurrencesFolder } from '../layout.ts';
import { showJob } from '../mirror/show-job.ts';
import { readinessSchema } from '../record/readiness-schema.ts';
import { type RecordedError, recordedErrorSchema } from '../record/recorded-error.ts';

/**
 * `waiting`: it will run, for the first time or again. `running`: a run of it has begun; one that is not
 * going on any more was killed, and is continued. `done`: a run of it is committed and, unless `error` or
 * a newer occurrence says otherwise, published. `failed`: it was tried often enough. `skipped`: the job was
 * running. `missed`: nobody looked in time, and catchup leaves it.
 */
export const OCCURRENCE_STATES = ['waiting', 'running', 'done', 'failed', 'skipped', 'missed'] as const;
export type OccurrenceState = (typeof OCCURRENCE_STATES)[number];

/** What is known of an occurrence: `occurrences/20261121T000000Z.json`. */
export interface OccurrenceRecord {
  readonly formatVersion: 1;
  /** ISO 8601 in UTC. */
  readonly occurrence: string;
  readonly state: OccurrenceState;
  /** How often it failed. */
  readonly attempts: number;
  readonly runId: string | null;
  /** Why it failed the last time, or why its run is not published. */
  readonly error: RecordedError | null;
  /** ISO 8601; null: at once. */
  readonly nextAttemptAt: string | null;
  /** When this was written, ISO 8601. */
  readonly at: string;
}

/** Occurrences in a row that nobody ran: `occurrences/20261121T000000Z.missed.json`, named after the newest. */
export interface MissedRange {
  readonly formatVersion: 1;
  /** The oldest and the newest, ISO 8601 in UTC. */
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly at: string;
}

/** What an occurrence waits for: `occurrences/20261121T000000Z.wait.json`. Any process may replace it. */
export interface OccurrenceWait {
  readonly formatVersion: 1;
  readonly occurrence: string;
  /** ISO 8601. */
  readonly nextCheckAt: string;
  readonly readiness: Readiness;
}

const recordSchema: z.ZodType<OccurrenceRecord> = z.object({
  formatVersion: z.literal(1),
  occurrence: z.iso.datetime(),
  state: z.enum(OCCURRENCE_STATES),
  attempts: z.int().nonnegative(),
  runId: z.string().nullable(),
  error: recordedErrorSchema.nullable(),
  nextAttemptAt: z.iso.datetime().nullable(),
  at: z.iso.datetime(),
});

const missedSchema: z.ZodType<MissedRange> = z.object({
  formatVersion: z.literal(1),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  count: z.int().positive(),
  at: z.iso.datetime(),
});

const waitSchema: z.ZodType<OccurrenceWait> = z.object({
  formatVersion: z.literal(1),
  occurrence: z.iso.datetime(),
  nextCheckAt: z.iso.datetime(),
  readiness: readinessSchema,
});

/** A record that says nothing yet. */
export function newRecord(occurrence: Date, at: Date): OccurrenceRecord {
  return {
    formatVersion: 1,
    occurrence: occurrence.toISOString(),
    state: 'waiting',
    attempts: 0,
    runId: null,
    error: null,
    nextAttemptAt: null,
    at: at.toISOString(),
  };
}

export function recordPath(folderOfJob: string, occurrence: Date): string {
  return join(occurrencesFolder(folderOfJob), `${occurrenceStamp(occurrence)}.json`);
}

/** Undefined where there is none, or it is damaged. */
export function readRecord(folderOfJob: string, occurrence: Date): Promise<OccurrenceRecord | undefined> {
  return readJsonIfValid(recordPath(folderOfJob, occurrence), recordSchema);
}

/** Replaces the record. Only a process that has the job's lock may. */
export async function writeRecord(folderOfJob: string, record: OccurrenceRecord): Promise<void> {
  await makeFolder(occurrencesFolder(folderOfJob));
  await writeFileDurably(recordPath(folderOfJob, new Date(record.occurrence)), jsonText(record));
}

export async function writeMissed(folderOfJob: string, missed: MissedRange): Promise<void> {
  const folder = occurrencesFolder(folderOfJob);
  await makeFolder(folder);
  const name = `${occurrenceStamp(new Date(missed.to))}.missed.json`;
  await writeFileDurably(join(folder, name), jsonText(missed));
}

export async function writeWait(folderOfJob: string, wait: OccurrenceWait): Promise<void> {
  const folder = occurrencesFolder(folderOfJob);
  await makeFolder(folder);
  const name = `${occurrenceStamp(new Date(wait.occurrence))}.wait.json`;
  await writeFileDurably(join(folder, name), jsonText(wait));
}

/** What the folder says of occurrences. */
export interface OccurrenceFiles {
  /** What occurrences waited for when it was looked at last, by occurrence. */
  readonly waits: ReadonlyMap<string, OccurrenceWait>;
  /** By {@link OccurrenceRecord.occurrence}. */
  readonly records: ReadonlyMap<string, OccurrenceRecord>;
  readonly missed: readonly MissedRange[];
  /** Names of alerts that were sent: `20261121T000000Z.late`. */
  readonly alerts: ReadonlySet<string>;
}

/** Reads what is known of the occurrences from one on. */
export async function readOccurrenceFiles(folderOfJob: string, from: Date): Promise<OccurrenceFiles> {
  const names = await occurrenceFileNames(folderOfJob, from);
  return {
    ...(await readOccurrenceNames(folderOfJob, names)),
    alerts: new Set(names.filter((name) => !name.endsWith('.json'))),
  };
}

/** Names of records, missed ranges and alerts, oldest first. Each begins with the stamp of its occurrence. */
export async function occurrenceFileNames(folderOfJob: string, from: Date): Promise<string[]> {
  await showJob(folderOfJob);
  try {
    const names = await readdir(occurrencesFolder(folderOfJob));
    return names.filter((name) => !name.startsWith('.') && name >= occurrenceStamp(from)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Files that are read at the same time. */
const READ_AT_ONCE = 32;

/** Reads the records and missed ranges among these names; what is damaged is left out. */
export async function readOccurrenceNames(
  folderOfJob: string,
  names: readonly string[],
): Promise<Omit<OccurrenceFiles, 'alerts'>> {
  const folder = occurrencesFolder(folderOfJob);
  const records = new Map<string, OccurrenceRecord>();
  const waits = new Map<string, OccurrenceWait>();
  const missed: MissedRange[] = [];
  const read = async (name: string): Promise<void> => {
    if (/^\d+T\d+Z\.json$/.test(name)) {
      const record = await readJsonIfValid(join(folder, name), recordSchema);
      if (record !== undefined) records.set(record.occurrence, record);
    } else if (name.endsWith('.missed.json')) {
      const range = await readJsonIfValid(join(folder, name), missedSchema);
      if (range !== undefined) missed.push(range);
    } else if (name.endsWith('.wait.json')) {
      const wait = await readJsonIfValid(join(folder, name), waitSchema);
      if (wait !== undefined) waits.set(wait.occurrence, wait);
    }
  };
  for (let start = 0; start < names.length; start += READ_AT_ONCE)
    await Promise.all(names.slice(start, start + READ_AT_ONCE).map(read));
  return { records, missed, waits };
}
