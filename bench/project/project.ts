import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { REPOSITORY } from '../repository.ts';

export interface ProjectContent {
  readonly model: string;
  readonly input: string;
  /** As `kv.url`: `none`, `lmdb:PATH` or `redis://...`. */
  readonly kvUrl: string;
}

/** The name of the job, as in its keys and in its folder. */
export const JOB = 'sales';

/** The job of jobs/sales.yaml over another table, model and store, in a project folder of its own. */
export async function writeProject(folder: string, { model, input, kvUrl }: ProjectContent): Promise<void> {
  const job = parse(await readFile(join(REPOSITORY, 'jobs/sales.yaml'), 'utf8')) as {
    readonly kv: Readonly<Record<string, unknown>>;
  };
  await mkdir(join(folder, 'jobs'), { recursive: true });
  await writeFile(
    join(folder, 'jobs', `${JOB}.yaml`),
    stringify({ ...job, model, input, output: 'out', kv: { ...job.kv, url: kvUrl } }),
  );
}
