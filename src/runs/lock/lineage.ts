import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { removeFile } from '../../core/files/durable-file.ts';
import { lookAnew } from '../../core/files/mirror.ts';
import { readTextFile } from '../../core/files/regular-file.ts';
import { createFileExclusively } from '../../storage/local/exclusive-file.ts';
import { isMissing } from '../json-file.ts';

/**
 * The id of a job's sequence of tokens. Tokens of different lineages cannot be compared: a folder that
 * was deleted and made again counts from 1 again. Call it while the lock is held.
 */
export async function ensureLineage(folder: string): Promise<string> {
  const path = join(folder, 'lineage');
  const known = await readLineage(path);
  if (known !== undefined) return known;
  // Only a crash on a file system without hard links leaves one without its content.
  await removeFile(path);
  const lineage = randomBytes(16).toString('hex');
  await createFileExclusively(path, `${lineage}\n`);
  return (await readLineage(path)) ?? lineage;
}

async function readLineage(path: string): Promise<string | undefined> {
  try {
    await lookAnew(path);
    const text = (await readTextFile(path)).trim();
    return /^[0-9a-f]{32}$/.test(text) ? text : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
