import { realpath } from 'node:fs/promises';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { lmdbFolder } from '../../kv/lmdb/lmdb-kind.ts';
import { openStore } from '../../kv/open-store.ts';
import { shortPath } from '../render/short-path.ts';
import { type Check, finding } from './check.ts';
import type { StoreUse } from './check-stores.ts';
import { fileSystemKind, fileSystemOf } from './file-system.ts';
import { nearestFolder, tryFolder } from './try-folder.ts';

/** Whether the folder can be written, lies on a local disk, and what it holds. Throws where it cannot be used. */
export async function checkLmdb({ url, jobs, isInOutput }: StoreUse): Promise<readonly Check[]> {
  const path = lmdbFolder(url);
  const name = `lmdb:${shortPath(path)}`;
  const folder = await writableFolder(path, isInOutput);
  const type = await fileSystemOf(await realpath(folder));
  const contents = folder === path ? await Promise.all(jobs.map((job) => contentsOf(url, name, job))) : [];
  return [
    finding('ok', name, `can be written${folder === path ? '' : '; the first run makes it'}`),
    ...(type !== null && fileSystemKind(type) === 'network'
      ? [finding('warn', name, `${type} is most likely a network file system, on which LMDB is not safe`)]
      : []),
    ...contents,
  ];
}

async function writableFolder(path: string, isInOutput: boolean): Promise<string> {
  let folder: string | null = null;
  try {
    folder = await nearestFolder(path);
    await tryFolder(folder);
    return folder;
  } catch (error) {
    // Of an output folder that cannot be written: not the store's fault.
    const isOfOutput = isInOutput && folder !== path;
    throw new ServeBatchError(
      isOfOutput ? 'OUTPUT_UNWRITABLE' : 'STORE_REFUSED',
      `The store's folder ${path} cannot be written (${systemErrorCode(error) ?? String(error)}). Check its permissions, or give another one with --kv lmdb:PATH.`,
      { cause: error, fields: { path } },
    );
  }
}

async function contentsOf(url: string, name: string, job: string): Promise<Check> {
  const store = openStore({ url, job });
  try {
    const generation = await store.current();
    if (generation === undefined) return finding('info', name, `nothing of "${job}" is published yet`);
    const info = await store.info(generation);
    const facts = { job, generation };
    if (info !== undefined) return finding('ok', name, `holds ${generation} of "${job}"`, facts);
    const text = `the published generation ${generation} of "${job}" is not there: serve-batch publish ${generation} loads it again`;
    return finding('warn', name, text, facts);
  } finally {
    await store.close();
  }
}
