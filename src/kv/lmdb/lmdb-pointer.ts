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

/** Replaces the pointer file. Throws `FENCED` where a newer token of the same lineage was here. */
export async function replacePointer(path: string, job: string, pointer: Pointer): Promise<void> {
  await replaceFenced({ path, job, fence: pointer.fence }, path, pointer);
}

/** Notes who holds the job's lock now. Throws `FENCED` where a newer token of the same lineage was here. */
export async function claimPointer(path: string, job: string, fence: Fence): Promise<void> {
  await replaceFenced({ path, job, fence }, claimPath(path), { generation: '', fence });
}

/** Who looks after the pointer of a job, and shows its token. */
export interface FencedStep {
  readonly path: string;
  readonly job: string;
  readonly fence: Fence;
}

/**
 * Does `step` unless a newer token of the same lineage was here: then `FENCED`.
 *
 * Looking and doing are one step for all processes: they happen inside a transaction of a file that is used
 * for nothing else, since LMDB lets one process write at a time and lets go when it dies.
 */
export async function unlessFenced({ path, job, fence }: FencedStep, step: () => void): Promise<void> {
  const turn = openLmdbFile(`${path}-turn`);
  try {
    writeTransaction(turn, () => {
      for (const file of [path, claimPath(path)]) checkFence(file, job, fence);
      step();
    });
  } finally {
    await turn.db.close();
  }
}

async function replaceFenced(step: FencedStep, file: string, content: Pointer): Promise<void> {
  const prepared = temporaryName(file);
  try {
    await writeFileDurably(prepared, `${JSON.stringify(content)}\n`);
    await unlessFenced(step, () => renameSync(prepared, file));
  } finally {
    await rm(prepared, { force: true });
  }
  await syncPath(dirname(file));
}

function claimPath(path: string): string {
  return `${path}-claim`;
}

function checkFence(file: string, job: string, mine: Fence): void {
  const before = readPointerSync(file);
  if (before === undefined || before.fence.lineage !== mine.lineage) return;
  if (before.fence.token > mine.token) throw fencedError(job, before.fence.token, mine);
}

function readPointerSync(file: string): Pointer | undefined {
  try {
    return parsePointer(readFileSync(file, 'utf8'), file);
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
