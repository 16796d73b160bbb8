import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listAnew, sharedMirrorOf } from '../../core/files/mirror.ts';
import { inParallel } from '../in-parallel.ts';
import { occurrencesFolder, runsFolder } from '../layout.ts';

const LISTED_AT_ONCE = 16;

/** Folders that were shown, with the names of their runs. */
const shown = new Map<string, ReadonlySet<string>>();
/** Jobs whose lock this process holds: it has made all that it does not see. */
const held = new Set<string>();
/** One after the other: what is listed must not be older than what is there. */
const showing = new Map<string, Promise<void>>();

export interface ShowOptions {
  /** Of the runs that were shown before, only so many of the newest are looked at again. Default: all. */
  readonly newest?: number;
}

/**
 * Shows a job of a bucket as it is now: its own files, and those of its runs but for their shards. Does nothing while
 * this process holds the job's lock.
 */
export async function showJobAnew(folderOfJob: string, options: ShowOptions = {}): Promise<void> {
  if (sharedMirrorOf(folderOfJob) === undefined) return;
  const next = (showing.get(folderOfJob) ?? Promise.resolve()).then(() => show(folderOfJob, options));
  showing.set(
    folderOfJob,
    next.catch(() => {}),
  );
  return next;
}

async function show(folderOfJob: string, { newest = Number.POSITIVE_INFINITY }: ShowOptions): Promise<void> {
  if (held.has(folderOfJob)) return;
  const runs = runsFolder(folderOfJob);
  await listAnew(folderOfJob);
  await Promise.all([listAnew(runs), listAnew(occurrencesFolder(folderOfJob))]);
  const before = shown.get(folderOfJob) ?? new Set();
  const names = (await readdir(runs)).sort().reverse();
  const wanted = names.filter((name, index) => index < newest || !before.has(name));
  await inParallel(wanted, LISTED_AT_ONCE, (name) => listAnew(join(runs, name)));
  shown.set(folderOfJob, new Set(names));
}

/**
 * Shows a job anew to the holder of its lock, who from then on knows all of it; call what it gives once the lock is
 * released.
 */
export async function showToHolder(folderOfJob: string): Promise<() => void> {
  await showJobAnew(folderOfJob);
  held.add(folderOfJob);
  return () => held.delete(folderOfJob);
}

/** As {@link showJobAnew}, once: what a command sees of a job is of one moment. */
export async function showJob(folderOfJob: string): Promise<void> {
  if (!shown.has(folderOfJob)) await showJobAnew(folderOfJob);
}

/** Shows all that is below an output folder of a bucket, once. */
export async function showJobs(root: string): Promise<void> {
  if (sharedMirrorOf(root) === undefined || shown.has(root)) return;
  await listAnew(root);
  shown.set(root, new Set());
  for (const name of await readdir(root)) {
    const folder = join(root, name);
    if ((await stat(folder)).isDirectory()) await showJob(folder);
  }
}
