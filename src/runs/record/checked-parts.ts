import { stat } from 'node:fs/promises';
import type { RunPaths } from '../layout.ts';
import { checkPartContent } from './check-parts.ts';

/** Parts whose content was compared with their records, by path: each slice of the keys is read from all of them. */
export class CheckedParts {
  readonly #states = new Map<string, string>();

  /** As {@link checkPartContent}; a part that nobody has touched since is not read again. */
  async check(paths: RunPaths, shard: number, signal: AbortSignal): Promise<void> {
    const path = paths.part(shard);
    const state = await stateOf(path);
    if (state !== undefined && this.#states.get(path) === state) return;
    await checkPartContent(paths, shard, signal);
    if (state !== undefined) this.#states.set(path, state);
  }
}

/** Undefined where there is no file yet: a bucket may have it. */
async function stateOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}
