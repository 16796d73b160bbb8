import { z } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import type { SourceFile } from '../../core/table.ts';
import { jsonText, readJsonFile } from '../json-file.ts';
import type { RunPaths } from '../layout.ts';

/** `taken.json`: all files that are taken once this run is committed, its own among them, with absolute paths. */
const takenSchema: z.ZodType<{ readonly formatVersion: 1; readonly files: readonly SourceFile[] }> = z.object(
  {
    formatVersion: z.literal(1),
    files: z.array(
      z.object({
        path: z.string(),
        bytes: z.int().nonnegative(),
        modifiedMs: z.number(),
        version: z.string().exactOptional(),
      }),
    ),
  },
);

/** Written before the plan: a run that has a plan has it too. */
export async function writeTakenFiles(paths: RunPaths, files: readonly SourceFile[]): Promise<void> {
  await makeFolder(paths.folder);
  await writeFileDurably(paths.taken, jsonText({ formatVersion: 1, files }));
}

/** Throws `INPUT_UNREADABLE` where it is missing or damaged: nobody could say what is new. */
export async function readTakenFiles(paths: RunPaths): Promise<readonly SourceFile[]> {
  const file = await readJsonFile(paths.taken, takenSchema);
  if (file.state === 'valid') return file.value.files;
  const problem = file.state === 'missing' ? 'is missing' : `cannot be read (${file.reason})`;
  throw new ServeBatchError(
    'INPUT_UNREADABLE',
    `${paths.taken} ${problem}; it says which files the last run had taken. Restore it, or take all files anew with --full.`,
    { fields: { file: paths.taken } },
  );
}
