import { z } from 'zod';
import { makeFolder, removeFile, writeFileDurably } from '../core/files/durable-file.ts';
import { sharedMirrorOf } from '../core/files/mirror.ts';
import { readTextFile } from '../core/files/regular-file.ts';
import type { Immutable } from '../core/immutable.ts';
import { isMissing, jsonText, pathExists, readJsonIfValid } from './json-file.ts';
import { currentFile, type RunPaths } from './layout.ts';
import { createPointer, readPointer } from './pointer.ts';
import { isRunId } from './run-id.ts';

const publicationSchema = z.object({
  /** ISO 8601. */
  at: z.iso.datetime(),
  /** The fencing token. */
  token: z.int().nonnegative(),
  /** Of the token. Runs that were published by earlier versions do not say. */
  lineage: z.string().exactOptional(),
});

/** When a run was last made the published one, and under which fencing token. */
export type Publication = Immutable<z.infer<typeof publicationSchema>>;

/**
 * Which of two publications came first: the one with the lower token, whatever the clocks said. Only where
 * the tokens cannot be compared, being of two lineages, the times decide.
 */
export function comparePublications(a: Publication, b: Publication): number {
  const byTime = Date.parse(a.at) - Date.parse(b.at);
  const comparable = a.lineage === undefined || b.lineage === undefined || a.lineage === b.lineage;
  return comparable ? a.token - b.token || byTime : byTime;
}

/** The run that readers of the folder see; undefined before the first. */
export async function readCurrent(folderOfJob: string): Promise<string | undefined> {
  const mirror = sharedMirrorOf(folderOfJob);
  if (mirror !== undefined) return readPointer(mirror, folderOfJob);
  try {
    const runId = (await readTextFile(currentFile(folderOfJob))).trim();
    return isRunId(runId) ? runId : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** How a run is made the published one. */
export interface Flip {
  /** Of the lock. */
  readonly token: number;
  /** Writes `current`; that of the job's lock does so only while the lock is held. */
  readonly replace: (path: string, content: string) => Promise<void>;
}

/**
 * Makes a run the published one, in one step. In a bucket the pointer counts, and `current` is a copy of it for people
 * and for programs that need no more than that.
 */
export async function setCurrent(
  folderOfJob: string,
  runId: string,
  { token, replace }: Flip = { token: 0, replace: writeFileDurably },
): Promise<void> {
  await makeFolder(folderOfJob);
  const mirror = sharedMirrorOf(folderOfJob);
  if (mirror !== undefined) await createPointer(mirror, folderOfJob, { runId, token });
  await replace(currentFile(folderOfJob), `${runId}\n`);
}

/** Notes that a run was published; publishing it again replaces the note. */
export async function markPublished(
  paths: RunPaths,
  { at, ...fence }: { readonly at: Date } & Omit<Publication, 'at'>,
): Promise<void> {
  await writeFileDurably(paths.published, jsonText({ at: at.toISOString(), ...fence }));
}

/** The last publication of a run; undefined where it was never published. */
export async function readPublication(paths: RunPaths): Promise<Publication | undefined> {
  return readJsonIfValid(paths.published, publicationSchema);
}

export async function wasPublished(paths: RunPaths): Promise<boolean> {
  return (await readPublication(paths)) !== undefined;
}

/** Notes that a run was rolled back: no rollback goes to it, until it is published again. */
export async function markRolledBack(paths: RunPaths, { at }: { readonly at: Date }): Promise<void> {
  await writeFileDurably(paths.rolledBack, jsonText({ at: at.toISOString() }));
}

export async function clearRolledBack(paths: RunPaths): Promise<void> {
  await removeFile(paths.rolledBack);
}

export async function wasRolledBack(paths: RunPaths): Promise<boolean> {
  return pathExists(paths.rolledBack);
}
