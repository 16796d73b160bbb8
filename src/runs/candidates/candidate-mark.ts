import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import { jsonText } from '../json-file.ts';
import type { RunPaths } from '../layout.ts';

/**
 * Notes that readers are not to see a run before somebody publishes it by its name. It is written before the plan, so
 * that whoever finds the run unfinished knows it too.
 */
export async function markCandidate(paths: RunPaths, { at }: { readonly at: Date }): Promise<void> {
  await makeFolder(paths.folder);
  await writeFileDurably(paths.candidate, jsonText({ at: at.toISOString() }));
}
