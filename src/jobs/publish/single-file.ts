import { stat } from 'node:fs/promises';
import type { JobSpec } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';

/** Where the parts of a job's run are joined into one file; null: they stay a folder. */
export function singleFileOf({ output }: Pick<JobSpec, 'output'>): string | null {
  return output.kind === 'file' ? output.path : null;
}

/** Says before the run what would be found at its end. Throws `OUTPUT_UNWRITABLE`. */
export async function assertFilePossible(spec: Pick<JobSpec, 'output'>): Promise<void> {
  const path = singleFileOf(spec);
  if (path === null || !(await kindOf(path))?.isDirectory()) return;
  throw new ServeBatchError(
    'OUTPUT_UNWRITABLE',
    `The output ${path} is to be one file, but a folder of this name exists. Give another name, or "${path}/" to use the folder.`,
    { fields: { path } },
  );
}

/** Whether readers find the file, where there is to be one. */
export async function hasFile(spec: Pick<JobSpec, 'output'>): Promise<boolean> {
  const path = singleFileOf(spec);
  return path === null || (await kindOf(path)) !== null;
}

async function kindOf(path: string) {
  return stat(path).catch(() => null);
}
