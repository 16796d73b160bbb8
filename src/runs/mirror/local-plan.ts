import { join } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import { obtain } from '../../core/files/mirror.ts';
import {
  formatStorageAddress,
  isStorageAddress,
  parseStorageAddress,
} from '../../storage/storage-address.ts';
import { jobFolder, runPaths } from '../layout.ts';
import { mountedFolder } from './mount.ts';

/** Where a plan of a bucket is shown on this machine; a path is given back as it is. Nothing is read. */
export function shownPlan(plan: string): string {
  if (!isStorageAddress(plan)) return plan;
  const { key, ...bucket } = parseStorageAddress(plan);
  const [, prefix = '', job = '', runId = ''] =
    /^(?:(.*)\/)?([^/]+)\/runs\/([^/]+)\/plan\.json$/.exec(key) ?? [];
  if (runId === '')
    throw new ServeBatchError(
      'USAGE',
      `The plan ${plan} does not lie where a run has it; expected OUTPUT/JOB/runs/RUN/plan.json, as "serve-batch plan" prints it.`,
      { fields: { plan } },
    );
  const root = mountedFolder(formatStorageAddress({ ...bucket, key: prefix }));
  return join(runPaths(jobFolder(root, job), runId).plan);
}

/** As {@link shownPlan}, with the plan there, where the bucket has it. */
export async function obtainPlan(plan: string): Promise<string> {
  const path = shownPlan(plan);
  await obtain(path);
  return path;
}
