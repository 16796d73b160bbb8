import { renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncPath, temporaryName, writeFileDurably } from '../../core/files/durable-file.ts';
import type { Fence } from '../store.ts';
import { fencedError } from '../store-errors.ts';
import { openLmdbFile, writeTransaction } from './lmdb-file.ts';
import { type Pointer, readPointerSync } from './lmdb-pointer.ts';

/** Replaces the pointer file. Throws `FENCED` where a newer token of the same lineage was here. */
export async function replacePointer(path: string, job: string, pointer: Pointer): Promise<void> {
  await replaceFenced({ path, job, fence: pointer.fence }, path, pointer);
}

/** Notes who holds the job's lock now. Throws `FENCED` where a newer token of the same lineage was here. */
export async function claimPointer(path: string, job: string, fence: Fence): Promise<void> {
  await replaceFenced({ path, job, fence }, claimPath(path), { generation: '', fence, canary: null });
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
export async function unlessFenced(fenced: FencedStep, step: () => void): Promise<void> {
  const turn = openLmdbFile(`${fenced.path}-turn`);
  try {
    writeTransaction(turn, () => {
      assertNotFenced(fenced);
      step();
    });
  } finally {
    await turn.db.close();
  }
}

/** Throws `FENCED` where a newer token of the same lineage was here. One may come just after. */
export function assertNotFenced({ path, job, fence }: FencedStep): void {
  for (const file of [path, claimPath(path)]) checkFence(file, job, fence);
}

async function replaceFenced(step: FencedStep, file: string, { canary, ...pointer }: Pointer): Promise<void> {
  const content = canary === null ? pointer : { ...pointer, canary };
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
