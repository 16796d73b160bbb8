import { z } from 'zod';
import { removeFile, writeFileDurably } from '../../core/files/durable-file.ts';
import { lookAnew } from '../../core/files/mirror.ts';
import type { Immutable } from '../../core/immutable.ts';
import { jsonText, readJsonIfValid } from '../json-file.ts';
import { canaryFile } from '../layout.ts';

const canarySchema = z.object({
  runId: z.string(),
  /** The run that answers for all other keys. */
  published: z.string(),
  /** Of the keys: more than 0, less than 1. */
  share: z.number(),
  /** ISO 8601. */
  at: z.iso.datetime(),
});

/** The run that answers for a share of the keys, beside the published one: `canary.json`. */
export type CanaryRun = Immutable<z.infer<typeof canarySchema>>;

/** What the store says decides: this file is for the history. Undefined where there is no canary. */
export async function readCanary(folderOfJob: string): Promise<CanaryRun | undefined> {
  await lookAnew(canaryFile(folderOfJob));
  return readJsonIfValid(canaryFile(folderOfJob), canarySchema);
}

/** The caller holds the lock. */
export async function writeCanary(folderOfJob: string, canary: CanaryRun): Promise<void> {
  await writeFileDurably(canaryFile(folderOfJob), jsonText(canary));
}

export async function clearCanary(folderOfJob: string): Promise<void> {
  await removeFile(canaryFile(folderOfJob));
}
