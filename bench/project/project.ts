import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { KvLayout } from '../../src/core/plan.ts';
import { FIRST_DAY } from '../data/sales-sql.ts';
import { REPOSITORY } from '../repository.ts';

export interface ProjectContent {
  readonly model: string;
  readonly input: string;
  /** As `kv.url`: `none`, `lmdb:PATH` or `redis://...`. */
  readonly kvUrl: string;
  /** As `kv.layout`; its default where it is left out. */
  readonly layout?: KvLayout;
}

/** The name of the job, as in its keys and in its folder. */
export const JOB = 'sales';

/** The job of jobs/hourly-forecast.yaml over so many days, with its model and tables, and no store. */
export async function writeGridProject(folder: string, days: number): Promise<void> {
  const text = await readFile(join(REPOSITORY, 'jobs/hourly-forecast.yaml'), 'utf8');
  const job = parse(text.replaceAll('fixtures/', `${REPOSITORY}/fixtures/`)) as {
    readonly input: { readonly grid: Readonly<Record<string, unknown>> };
    readonly kv: Readonly<Record<string, unknown>>;
  };
  const grid = { ...job.input.grid, time: { from: FIRST_DAY, days, step: '1h' } };
  await writeJob(folder, {
    ...job,
    name: JOB,
    input: { grid },
    output: 'out',
    kv: { ...job.kv, url: 'none' },
  });
}

/** The job of jobs/sales.yaml over another table, model and store, in a project folder of its own. */
export async function writeProject(
  folder: string,
  { model, input, kvUrl, layout = 'hash' }: ProjectContent,
): Promise<void> {
  const job = parse(await readFile(join(REPOSITORY, 'jobs/sales.yaml'), 'utf8')) as {
    readonly kv: Readonly<Record<string, unknown>>;
  };
  await writeJob(folder, { ...job, model, input, output: 'out', kv: { ...job.kv, url: kvUrl, layout } });
}

async function writeJob(folder: string, job: object): Promise<void> {
  await mkdir(join(folder, 'jobs'), { recursive: true });
  await writeFile(join(folder, 'jobs', `${JOB}.yaml`), stringify(job));
}
