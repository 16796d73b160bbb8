import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SourceFile } from '../../core/table.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';
import { objectNow } from '../remote/find-objects.ts';

/** What of a folder a run takes, and what it leaves. */
export interface NewFiles {
  /** In the order they were found. */
  readonly fresh: readonly SourceFile[];
  /** Those of `fresh` that were taken before, and have changed since. */
  readonly changed: readonly SourceFile[];
  /** New ones that changed so lately that they may still be written. */
  readonly settling: readonly SourceFile[];
  /** Taken before, and as they were then. */
  readonly old: readonly SourceFile[];
}

/** A file is told by its path, size and time of change. Files without bytes are still being written, too. */
export function chooseNewFiles(
  found: readonly SourceFile[],
  taken: readonly SourceFile[],
  { now, settleSeconds }: { readonly now: Date; readonly settleSeconds: number },
): NewFiles {
  const known = new Map(taken.map((file) => [file.path, file]));
  const settledBefore = now.getTime() - settleSeconds * 1000;
  const fresh: SourceFile[] = [];
  const changed: SourceFile[] = [];
  const settling: SourceFile[] = [];
  const old: SourceFile[] = [];
  for (const file of found) {
    const before = known.get(nameOf(file));
    if (before !== undefined && isSame(before, file)) old.push(file);
    else if (file.bytes === 0 || (settleSeconds > 0 && file.modifiedMs > settledBefore)) settling.push(file);
    else {
      fresh.push(file);
      if (before !== undefined) changed.push(file);
    }
  }
  return { fresh, changed, settling, old };
}

/** An object is told by its version: its time may be that of a copy. */
function isSame(before: SourceFile, now: SourceFile): boolean {
  if (before.bytes !== now.bytes) return false;
  return now.version === undefined ? before.modifiedMs === now.modifiedMs : before.version === now.version;
}

function nameOf({ path }: SourceFile): string {
  return isStorageAddress(path) ? path : resolve(path);
}

/**
 * What is taken once `fresh` is: also all that was taken before, as far as it still exists. A file that is
 * gone cannot be taken twice.
 */
export async function takenAfter(
  taken: readonly SourceFile[],
  fresh: readonly SourceFile[],
): Promise<readonly SourceFile[]> {
  const now = fresh.map((file) => ({ ...file, path: nameOf(file) }));
  const replaced = new Set(now.map(({ path }) => path));
  const kept: SourceFile[] = [];
  for (const file of taken) {
    if (!replaced.has(file.path) && (await exists(file.path))) kept.push(file);
  }
  return [...kept, ...now].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Where the system does not say, the file counts as there: forgetting it could take it twice. */
async function exists(path: string): Promise<boolean> {
  if (isStorageAddress(path)) return (await objectNow(path)) !== null;
  try {
    await stat(path);
    return true;
  } catch (error) {
    return !(
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    );
  }
}
