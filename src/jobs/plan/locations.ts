import { basename, dirname, join } from 'node:path';
import type { JobSpec } from '../../config/job-spec.ts';
import type { OutputSpec } from '../../config/sections/output.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { jobFolder } from '../../runs/layout.ts';
import { mountedFolder } from '../../runs/mirror/mount.ts';
import {
  formatStorageAddress,
  isStorageAddress,
  parseStorageAddress,
} from '../../storage/storage-address.ts';

/**
 * Where the folders of jobs are: the output folder, for a single output file a folder beside it, and for a bucket the
 * local folder that shows it. Throws `USAGE` for a single file in a bucket.
 */
export function outputRoot(output: Pick<OutputSpec, 'path' | 'kind'>): string {
  if (isStorageAddress(output.path)) return bucketRoot(output);
  return output.kind === 'folder'
    ? output.path
    : join(dirname(output.path), '.serve-batch', basename(output.path));
}

function bucketRoot({ path, kind }: Pick<OutputSpec, 'path' | 'kind'>): string {
  const address = formatStorageAddress(parseStorageAddress(path));
  if (kind === 'folder') return mountedFolder(address);
  throw new ServeBatchError(
    'USAGE',
    `The output ${address} is one file in a bucket; expected a prefix, such as ${address.replace(/\/?[^/]*$/, '')}/out. serve-batch joins parts into one file in folders only.`,
    { fields: { path: address } },
  );
}

export function folderOfJob(spec: Pick<JobSpec, 'name' | 'output'>): string {
  return jobFolder(outputRoot(spec.output), spec.name);
}

/** The address of the job's store, with password; null without one. */
export function storeUrlOf(spec: Pick<JobSpec, 'name' | 'output' | 'kv'>): string | null {
  if (spec.kv === null) return null;
  if (spec.kv.url === null && isStorageAddress(spec.output.path))
    throw new ServeBatchError(
      'USAGE',
      `The output of ${spec.name} is ${spec.output.path}, and an LMDB store cannot be in a bucket. Say where the predictions go: kv.url (or --kv) lmdb:FOLDER, a folder of this machine, or redis://HOST. Without a store: --kv none.`,
    );
  return spec.kv.url ?? `lmdb:${join(folderOfJob(spec), 'kv')}`;
}
