import { basename, dirname, join } from 'node:path';
import type { JobSpec } from '../config/job-spec.ts';
import type { OutputSpec } from '../config/sections/output.ts';
import { jobFolder } from '../runs/layout.ts';

/** Where the folders of jobs are: the output folder, or for a single output file a folder beside it. */
export function outputRoot(output: Pick<OutputSpec, 'path' | 'kind'>): string {
  return output.kind === 'folder'
    ? output.path
    : join(dirname(output.path), '.serve-batch', basename(output.path));
}

export function folderOfJob(spec: Pick<JobSpec, 'name' | 'output'>): string {
  return jobFolder(outputRoot(spec.output), spec.name);
}

/** The address of the job's store, with password; null without one. */
export function storeUrlOf(spec: Pick<JobSpec, 'name' | 'output' | 'kv'>): string | null {
  if (spec.kv === null) return null;
  return spec.kv.url ?? `lmdb:${join(folderOfJob(spec), 'kv')}`;
}
