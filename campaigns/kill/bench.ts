import { createHash } from 'node:crypto';
import { copyFileSync, utimesSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLookup } from '../../src/index.ts';
import { runSql } from '../../test/e2e/sales-tables.ts';
import { expectedRows } from '../../test/support/golden.ts';
import { makeProject, type Project } from '../../test/support/project.ts';
import type { StoreName } from './options.ts';

/** Two tables that differ in every prediction: readers can tell one from the other. */
export const WEEKS = ['sales', 'other'] as const;
export type Week = (typeof WEEKS)[number];

/** `sales` is run, published, rolled back and pruned by hand; the others have schedules. */
export const JOBS = ['sales', 'filled', 'ticked'] as const;
export type JobName = (typeof JOBS)[number];

export type Key = { readonly store: string; readonly product: string; readonly date: string };

/** What an undisturbed run makes of a week. */
export interface Reference {
  readonly partHashes: readonly string[];
  /** In the order of the keys. */
  readonly values: readonly unknown[];
}

/** A project whose three jobs go to one store. */
export interface Bench {
  readonly store: StoreName;
  readonly project: Project;
  readonly url: string;
  readonly keys: readonly Key[];
  readonly references: ReadonlyMap<Week, Reference>;
  /** Of each run that is known. */
  readonly weekOf: Map<string, Week>;
  readonly nextWeek: Map<JobName, Week>;
}

const SHARD_ROWS = 584;

export async function makeBench(store: StoreName, redisUrl: string): Promise<Bench> {
  const project = await makeProject({ jobs: {} });
  const url = store === 'lmdb' ? `lmdb:${project.path('kv')}` : `${redisUrl}/${store === 'redis' ? 1 : 2}`;
  const sales = `read_parquet('${project.path('fixtures/sales.parquet')}')`;
  await runSql([
    `COPY (FROM ${sales}) TO '${project.path('sales.parquet')}' (FORMAT parquet)`,
    `COPY (SELECT * REPLACE (lag_7 + 10 AS lag_7) FROM ${sales}) TO '${project.path('other.parquet')}' (FORMAT parquet)`,
  ]);
  for (const job of JOBS) await writeJob(project, job, { url, packed: store === 'packed' });
  const keys = (await expectedRows()).map(({ store: s, product, date }) => ({ store: s, product, date }));
  const references = new Map<Week, Reference>();
  const bench: Bench = {
    ...{ store, project, url, keys, references },
    weekOf: new Map(),
    nextWeek: new Map(JOBS.map((job) => [job, 'sales'])),
  };
  for (const week of [...WEEKS, 'sales'] as const) {
    setInput(bench, 'sales', week);
    const { runId, output } = await project.run(['sales']);
    bench.weekOf.set(runId, week);
    const { values } = await readStore(bench, 'sales');
    references.set(week, { partHashes: output.parts.map(({ sha256 }) => sha256), values });
  }
  bench.nextWeek.set('sales', 'other');
  return bench;
}

/** `keep: 1`: publishing an earlier run always loads the store from its parts. */
async function writeJob(project: Project, job: JobName, kv: { url: string; packed: boolean }): Promise<void> {
  const cron = { sales: null, filled: '0 0 * * *', ticked: '0 0 1 1 *' }[job];
  await project.write(
    `jobs/${job}.yaml`,
    `input: ${job}-week.parquet
model: fixtures/sales-by-column.onnx
features:
  select: SELECT * FROM input
kv: {url: "${kv.url}", key: "{store}:{product}", field: "{date}", keep: 1${kv.packed ? ', layout: packed' : ''}}
execution: {shardRows: ${SHARD_ROWS}, processes: 2}
${cron === null ? '' : `schedule: {cron: "${cron}", timezone: UTC, retries: 0}\n`}`,
  );
}

let touched = 0;
/** The same bytes at another time are another input: a new run, whose parts must be the same. */
export function setInput({ project }: Bench, job: JobName, week: Week): void {
  const path = project.path(`${job}-week.parquet`);
  copyFileSync(project.path(`${week}.parquet`), path);
  touched++;
  utimesSync(path, 1_700_000_000 + touched, 1_700_000_000 + touched);
}

/** All predictions of a job, as a reader gets them. */
export async function readStore(
  { url, keys }: Bench,
  job: JobName,
): Promise<{ readonly runIds: ReadonlySet<string>; readonly values: readonly unknown[] }> {
  const lookup = createLookup({ job, url });
  try {
    const found = await lookup.getMany(keys);
    return {
      runIds: new Set(found.map((prediction) => prediction?.run ?? 'none')),
      values: found.map((prediction) => prediction?.value),
    };
  } finally {
    await lookup.close();
  }
}

export async function hashesOf(folder: string, files: readonly string[]): Promise<readonly string[]> {
  const hash = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(join(folder, file)))
      .digest('hex');
  return Promise.all(files.map(hash));
}
