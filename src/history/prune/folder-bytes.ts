import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listAnew } from '../../core/files/mirror.ts';
import { isMissing } from '../../runs/json-file.ts';

/** Bytes of all files below a folder; 0 where there is none. Links are not followed. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const found = await lstat(path).catch(ignoreMissing);
    if (found?.isDirectory()) bytes += await folderBytes(path);
    else bytes += found?.size ?? 0;
  }
  return bytes;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  await listAnew(folder);
  return (await readdir(folder).catch(ignoreMissing)) ?? [];
}

/** A file may go while its folder is counted: a run's scratch files do. */
function ignoreMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}
