import { readFileSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncPath, temporaryName, writeFileDurably } from '../../core/durable-file.ts';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { readTextFile } from '../../core/regular-file.ts';
import type { Fence } from '../store.ts';
import { fencedError } from '../store-errors.ts';
import { openLmdbFile, writeTransaction } from './lmdb-file.ts';

/** Which generation readers see, and who said so last. */
export interface Pointer {
  readonly generation: string;
  readonly fence: Fence;
}

/** Reads the pointer file; undefined where nothing was published. */
export async function readPointer(path: string): Promise<Pointer | undefined> {
  try {
    return parsePointer(await readTextFile(path), path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Replaces the pointer file, unless a newer token of the same lineage stands in it: then `FENCED`.
 *
 * Looking and replacing are one step for all processes: they happen inside a transaction of a file that
 * is used for nothing else, since LMDB lets one process write at a time and lets go when it dies.
 */
export async function replacePointer(path: string, job: string, pointer: Pointer): Promise<void> {
  const prepared = temporaryName(path);
  try {
    await writeFileDurably(prepared, `${JSON.stringify(pointer)}\n`);
    const turn = openLmdbFile(`${path}-turn`);
    try {
      writeTransaction(turn, () => {
        checkFence(path, job, pointer.fence);
        renameSync(prepared, path);
      });
    } finally {
      await turn.db.close();
    }
  } finally {
    await rm(prepared, { force: true });
  }
  await syncPath(dirname(path));
}

function checkFence(path: string, job: string, mine: Fence): void {
  const before = readPointerSync(path);
  if (before === undefined || before.fence.lineage !== mine.lineage) return;
  if (before.fence.token > mine.token) throw fencedError(job, before.fence.token, mine);
}

function readPointerSync(path: string): Pointer | undefined {
  try {
    return parsePointer(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parsePointer(text: string, path: string): Pointer {
  try {
    const { generation, fence } = JSON.parse(text) as Partial<Pointer>;
    if (
      typeof generation === 'string' &&
      typeof fence?.lineage === 'string' &&
      typeof fence.token === 'number'
    )
      return { generation, fence: { lineage: fence.lineage, token: fence.token } };
  } catch {
    // Not JSON: the same error as for JSON of another shape.
  }
  throw new ServeBatchError(
    'STORE_REFUSED',
    `The pointer file ${path} holds ${JSON.stringify(text.slice(0, 80))}, where {"generation", "fence"} was expected. Delete it and publish again with "serve-batch publish RUN".`,
    { fields: { path } },
  );
}
