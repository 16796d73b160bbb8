import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import { listAnew, obtain, publicPath } from '../../core/files/mirror.ts';
import { readJsonIfValid } from '../json-file.ts';
import { partName, type RunPaths } from '../layout.ts';
import { sha256OfFile } from './hash-file.ts';
import type { PartRecord } from './run-record.ts';
import { shardRecordSchema } from './shard-record.ts';

/**
 * Looks whether the parts of a run are there with the sizes that were written down. Throws `PART_DAMAGED`: a
 * run without one of its parts must not pass for whole.
 */
export async function checkParts(
  paths: RunPaths,
  parts: readonly Pick<PartRecord, 'file' | 'bytes'>[],
): Promise<void> {
  await listAnew(dirname(paths.part(0)));
  await assertSizes(paths, parts);
}

async function assertSizes(
  paths: RunPaths,
  parts: readonly Pick<PartRecord, 'file' | 'bytes'>[],
): Promise<void> {
  for (const { file, bytes } of parts) {
    const size = await sizeOf(join(paths.folder, file));
    if (size !== bytes)
      throw damaged(paths, file, size === null ? 'is missing' : `has ${size} bytes; ${bytes} were written`);
  }
}

/** Compares a part with the sha256 in the record of its shard, if that can be read. Throws `PART_DAMAGED`. */
export async function checkPartContent(paths: RunPaths, shard: number, signal: AbortSignal): Promise<void> {
  await obtain(paths.shardRecord(shard));
  const record = await readJsonIfValid(paths.shardRecord(shard), shardRecordSchema);
  if (record === undefined) return;
  const file = partName(shard);
  await obtain(paths.part(shard));
  await assertSizes(paths, [{ file, bytes: record.part.bytes }]);
  if ((await sha256OfFile(paths.part(shard), signal)) !== record.part.sha256)
    throw damaged(paths, file, 'has another content than was written');
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch {
    return null;
  }
}

function damaged(paths: RunPaths, file: string, what: string): ServeBatchError {
  return new ServeBatchError(
    'PART_DAMAGED',
    `${publicPath(join(paths.folder, file))} ${what}: somebody removed or changed a part of run ${paths.runId}. Run the same command again, which computes such parts of an unfinished run anew; for a run that is committed, restore the part, or run anew with --force.`,
    { fields: { runId: paths.runId, file } },
  );
}
