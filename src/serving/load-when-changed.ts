import { stat } from 'node:fs/promises';
import { listJobFiles } from '../config/file/load-project.ts';
import type { Clock } from '../core/effects.ts';
import type { LoadedSources } from './load-sources.ts';

/** A file that changed less than this ago may change again without looking another one. */
const SETTLED_MS = 2_000;

export interface LoadWhenChangedOptions {
  /** The folder with the job files. */
  readonly folder: string;
  readonly clock: Clock;
  readonly load: () => Promise<LoadedSources>;
}

/**
 * Loads again only when a job file has changed: reading and checking files takes milliseconds, in which a server
 * answers nobody.
 */
export function loadWhenChanged({
  folder,
  clock,
  load,
}: LoadWhenChangedOptions): () => Promise<LoadedSources> {
  let last: { readonly look: string; readonly loaded: LoadedSources } | null = null;
  return async () => {
    const look = await lookAt(folder, clock);
    if (look !== null && last?.look === look) return last.loaded;
    const loaded = await load();
    last = look === null ? null : { look, loaded };
    return loaded;
  };
}

/** What tells of a change of the files; null: nobody can tell. */
async function lookAt(folder: string, clock: Clock): Promise<string | null> {
  const settledMs = clock.now().getTime() - SETTLED_MS;
  try {
    const files = await Promise.all(
      (await listJobFiles(folder)).map(async (file) => {
        const { ino, size, mtimeMs, ctimeMs } = await stat(file);
        return { file, ino, size, mtimeMs, ctimeMs };
      }),
    );
    return files.some(({ ctimeMs }) => ctimeMs > settledMs) ? null : JSON.stringify(files);
  } catch {
    return null;
  }
}
