import { join } from 'node:path';
import { z } from 'zod';
import { ServeBatchError } from '../core/errors.ts';
import { removeFile, writeFileDurably } from '../core/files/durable-file.ts';
import { type Mirror, publicPath, sharedMirrorOf } from '../core/files/mirror.ts';
import { createFileExclusively } from '../storage/local/exclusive-file.ts';
import { jsonText, parseJson } from './json-file.ts';
import { currentFile, pointersFolder } from './layout.ts';
import { isRunId } from './run-id.ts';

/** Pointers that are kept, for those who look at them; one would do. */
const POINTERS_KEPT = 50;

const pointerSchema = z.object({ runId: z.string().refine(isRunId), token: z.int().nonnegative() });

/**
 * What readers of a bucket see: nothing there is replaced in one step that also looks at what is replaced, so that the
 * published run is a row of files, `published/00000017.json`, each named after the fencing token of the lock under
 * which the run was published, and only ever created. The highest one counts: a process that was asleep when another
 * one took over creates a lower one, which nobody looks at.
 */
export async function readPointer(mirror: Mirror, folderOfJob: string): Promise<string | undefined> {
  const highest = await highestPointer(folderOfJob);
  return highest === 0 ? undefined : runOf(mirror, pointerPath(folderOfJob, highest));
}

/** Creates the pointer of a token. Throws `FENCED` where it points at another run already. */
export async function createPointer(
  mirror: Mirror,
  folderOfJob: string,
  { runId, token }: z.infer<typeof pointerSchema>,
): Promise<void> {
  const path = pointerPath(folderOfJob, token);
  const isNew = await createFileExclusively(path, jsonText({ runId, token }));
  const newest = await highestPointer(folderOfJob);
  const shown = isNew && newest === token ? runId : await runOf(mirror, pointerPath(folderOfJob, newest));
  if (shown !== runId)
    throw new ServeBatchError(
      'FENCED',
      `Another process published run ${shown}, with the token ${newest}; that of this one is ${token}. Readers do not see run ${runId}. Look at both with "serve-batch runs ls".`,
      { fields: { token, newestToken: newest, runId } },
    );
  if (isNew) await removeOldPointers(mirror, folderOfJob, token);
}

/** The highest token under which a run was published; 0: nothing was, or the output is not in a bucket. */
export async function highestPointer(folderOfJob: string): Promise<number> {
  const mirror = sharedMirrorOf(folderOfJob);
  return mirror === undefined ? 0 : Math.max(0, ...(await tokens(mirror, folderOfJob)));
}

/**
 * Makes `current` say what the pointer says, where a process was killed between the two. The caller holds the lock.
 */
export async function mendCurrent(folderOfJob: string): Promise<void> {
  const mirror = sharedMirrorOf(folderOfJob);
  if (mirror === undefined) return;
  const shown = await readPointer(mirror, folderOfJob);
  const path = currentFile(folderOfJob);
  if (shown !== undefined && (await mirror.read(path))?.text.trim() !== shown)
    await writeFileDurably(path, `${shown}\n`);
}

async function removeOldPointers(mirror: Mirror, folderOfJob: string, newest: number): Promise<void> {
  const all = (await tokens(mirror, folderOfJob)).sort((a, b) => b - a);
  for (const token of all.slice(POINTERS_KEPT))
    if (token < newest) await removeFile(pointerPath(folderOfJob, token));
}

async function tokens(mirror: Mirror, folderOfJob: string): Promise<number[]> {
  return (await mirror.names(pointersFolder(folderOfJob))).flatMap((name) =>
    /^\d+\.json$/.test(name) ? Number.parseInt(name, 10) : [],
  );
}

async function runOf(mirror: Mirror, path: string): Promise<string> {
  const found = await mirror.read(path);
  const pointer = found === null ? undefined : parseJson(found.text, pointerSchema);
  if (pointer?.state === 'valid') return pointer.value.runId;
  throw new ServeBatchError(
    'INPUT_UNREADABLE',
    `The pointer ${publicPath(path)} to the published run cannot be read; expected {"runId", "token"} as serve-batch writes it. Restore it, or publish a run again with "serve-batch publish".`,
    { fields: { file: publicPath(path) } },
  );
}

function pointerPath(folderOfJob: string, token: number): string {
  return join(pointersFolder(folderOfJob), `${String(token).padStart(8, '0')}.json`);
}
