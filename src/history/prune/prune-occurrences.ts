import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DEFAULT_SCHEDULE } from '../../config/sections/schedule.ts';
import { removeFile, syncPath } from '../../core/files/durable-file.ts';
import { isMissing, readJsonIfValid } from '../../runs/json-file.ts';
import { occurrenceStamp, occurrencesFolder, scheduleFile } from '../../runs/layout.ts';

/** Kept of a job that no scheduler sees, as of one that it looks at: `backfill` knows what is done. */
const WINDOW_MS = DEFAULT_SCHEDULE.catchupWindowSeconds * 1000;

const scheduleSchema = z.object({ since: z.iso.datetime() });
const recordSchema = z.object({ runId: z.string().nullable() });

export interface OldOccurrences {
  readonly folderOfJob: string;
  /** Only occurrences before it. */
  readonly before: Date;
  /** Records of these runs stay. */
  readonly keptRuns: ReadonlySet<string>;
  readonly now: Date;
}

/**
 * Names of files in `occurrences/` that nobody needs any more: their occurrences lie before `since` of the
 * schedule, so that no scheduler looks at them or owes them, and their runs are gone. For a job that no scheduler
 * sees, because nobody runs one or its schedule is off, `since` begins only when one does.
 */
export async function oldOccurrenceFiles({
  folderOfJob,
  before,
  keptRuns,
  now,
}: OldOccurrences): Promise<readonly string[]> {
  const schedule = await readJsonIfValid(scheduleFile(folderOfJob), scheduleSchema);
  const since = new Date(schedule?.since ?? now.getTime() - WINDOW_MS);
  const limit = occurrenceStamp(since < before ? since : before);
  const folder = occurrencesFolder(folderOfJob);
  const names = (await readdir(folder).catch(noneIfMissing))
    .filter((name) => /^\d{8}T\d{6}Z\./.test(name))
    .sort();
  const old: string[] = [];
  for (const name of names) {
    const [stamp = ''] = name.split('.');
    if (stamp >= limit) break;
    if (!(await isOfKeptRun(join(folder, `${stamp}.json`), keptRuns))) old.push(name);
  }
  return old;
}

export async function deleteOccurrenceFiles(folderOfJob: string, names: readonly string[]): Promise<void> {
  const folder = occurrencesFolder(folderOfJob);
  for (const name of names) await removeFile(join(folder, name));
  if (names.length > 0) await syncPath(folder);
}

async function isOfKeptRun(record: string, keptRuns: ReadonlySet<string>): Promise<boolean> {
  const runId = (await readJsonIfValid(record, recordSchema))?.runId ?? null;
  return runId !== null && keptRuns.has(runId);
}

function noneIfMissing(error: unknown): string[] {
  if (isMissing(error)) return [];
  throw error;
}
