import { rm } from 'node:fs/promises';
import { makeFolder, writeFileDurably } from '../../core/durable-file.ts';
import { ServeBatchError } from '../../core/errors.ts';
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
  await rm(paths.failure, { force: true });
}
