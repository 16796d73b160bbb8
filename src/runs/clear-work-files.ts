import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isTemporaryName, removeFolder } from '../core/files/durable-file.ts';
import { isMissing } from './json-file.ts';
import type { RunPaths } from './layout.ts';

/**
 * Deletes what a run that is committed, or will never be, does not need: the copy of its input, and files that a
 * crash left half-written. Nobody works on its shards any more.
 */
export async function clearWorkFiles(paths: RunPaths): Promise<void> {
  await removeFolder(dirname(paths.staged));
  const folders = [paths.part(0), paths.shardRecord(0), paths.rejects(0)].map(dirname);
  for (const folder of [paths.folder, ...folders]) {
    for (const name of await namesIn(folder)) {
      if (isTemporaryName(name)) await rm(join(folder, name), { force: true });
    }
  }
}

/** Keeps the copy of a committed run's input, which live answers read. Doing it again is harmless. */
export async function keepInput(paths: RunPaths): Promise<void> {
  try {
    await rename(dirname(paths.staged), dirname(paths.keptInput));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Deletes what DuckDB wrote while it worked for a run, and what a killed process left of it. Only where no worker
 * is at work for the run: one that has to spill would fail.
 */
export async function clearTemporaryFiles(paths: RunPaths): Promise<void> {
  await rm(paths.temp, { recursive: true, force: true });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
