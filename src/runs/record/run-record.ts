import { ServeBatchError } from '../../core/errors.ts';
import { makeFolder, removeFile, writeFileDurably } from '../../core/files/durable-file.ts';
import { lookAnew, sharedMirrorOf } from '../../core/files/mirror.ts';
import { createFileExclusively } from '../../storage/local/exclusive-file.ts';
import { jsonText, readJsonFile } from '../json-file.ts';
import type { RunPaths } from '../layout.ts';
import { type RunRecord, runRecordSchema } from './run-record-schema.ts';

export type { RunRecord };
export type DeviceRecord = NonNullable<RunRecord['device']>;
export type CoverageRecord = NonNullable<RunRecord['coverage']>;
export type BatchLatency = RunRecord['batchLatencyMs'];
export type PartRecord = RunRecord['output']['parts'][number];
export type KvRecord = NonNullable<RunRecord['kv']>;
export type Versions = RunRecord['versions'];
export type Host = RunRecord['host'];

/** Commits a run: from here on it exists for readers of the folder. `_SUCCESS` is for those that look for it. */
export async function writeManifest(paths: RunPaths, record: RunRecord): Promise<void> {
  await writeFileDurably(paths.manifest, jsonText(record));
  await writeFileDurably(paths.success, '');
}

/**
 * As {@link writeManifest}, once per run: of several that commit one in a bucket, the first one does. Throws `FENCED`
 * where that one has other parts.
 */
export async function commitManifest(paths: RunPaths, record: RunRecord): Promise<void> {
  if (sharedMirrorOf(paths.manifest) === undefined) return writeManifest(paths, record);
  if (!(await createFileExclusively(paths.manifest, jsonText(record)))) {
    await lookAnew(paths.manifest);
    const first = await readManifest(paths);
    if (first === undefined || partsOf(first) !== partsOf(record))
      throw new ServeBatchError(
        'FENCED',
        `Another process committed run ${paths.runId} with other parts than this one has computed. What it committed stays. Look at the run with "serve-batch runs show ${paths.runId}".`,
        { fields: { runId: paths.runId } },
      );
  }
  await writeFileDurably(paths.success, '');
}

function partsOf({ output }: RunRecord): string {
  return JSON.stringify(output.parts.map(({ file, sha256 }) => [file, sha256]));
}

/** Undefined where the run is not committed. Throws `INPUT_UNREADABLE` where the manifest is damaged. */
export async function readManifest(paths: RunPaths): Promise<RunRecord | undefined> {
  const file = await readJsonFile(paths.manifest, runRecordSchema);
  if (file.state === 'valid') return file.value;
  if (file.state === 'missing') return undefined;
  throw new ServeBatchError(
    'INPUT_UNREADABLE',
    `The manifest ${paths.manifest} cannot be read (${file.reason}); expected a run record as serve-batch writes it. Start the run anew with --force.`,
    { fields: { file: paths.manifest } },
  );
}

/** Keeps why a run ended, for the history. It is continued all the same. */
export async function writeFailure(paths: RunPaths, record: RunRecord): Promise<void> {
  await makeFolder(paths.folder);
  await writeFileDurably(paths.failure, jsonText(record));
}

/** Forgets why an earlier attempt ended, once the run goes on. */
export async function clearFailure(paths: RunPaths): Promise<void> {
  await removeFile(paths.failure);
}
