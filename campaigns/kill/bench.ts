import { createHash } from 'node:crypto';
import { copyFileSync, renameSync, utimesSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLookup } from '../../src/index.ts';
import { runSql } from '../../test/e2e/sales-tables.ts';
import { expectedRows } from '../../test/support/golden.ts';
import { networkGraph } from '../../test/support/networks.ts';
import { writeOnnx } from '../../test/support/onnx.ts';
import { makeProject, type Project } from '../../test/support/project.ts';
import type { Kind, ModelKind, StoreName } from './options.ts';

/** Two tables that differ in every prediction: readers can tell one from the other. */
export const WEEKS = ['sales', 'other'] as const;
type Week = (typeof WEEKS)[number];

/** What a run takes: a week, or for jobs that take new rows one half of its series. */
export type Slice = Week | `${Week}-${'even' | 'odd'}`;
const SLICES_OF: Readonly<Record<Kind, readonly Slice[]>> = {
  whole: WEEKS,
  incremental: ['sales-even', 'sales-odd', 'other-even', 'other-odd'],
};

/** `sales` is run, published, rolled back and pruned by hand; the others have schedules. */
export type JobName = 'sales' | 'filled' | 'ticked';
export const JOBS_OF: Readonly<Record<Kind, readonly JobName[]>> = {
  whole: ['sales', 'filled', 'ticked'],
  incremental: ['sales', 'ticked'],
};

export type Key = { readonly store: string; readonly product: string; readonly date: string };

/** What an undisturbed run makes of a slice. */
export interface Reference {
  readonly partHashes: readonly string[];
  /** In the order of the keys; undefined where the slice has no such row. */
  readonly values: readonly unknown[];
}

/** What readers get from a run: its slice, and in an incremental job what the run that it adds to has. */
export interface Content {
  readonly slice: Slice;
  readonly values: readonly unknown[];
}

/** A project whose jobs go to one store. */
export interface Bench {
  readonly kind: Kind;
  readonly store: StoreName;
  readonly model: ModelKind;
  readonly project: Project;
  readonly url: string;
  readonly keys: readonly Key[];
  readonly references: Map<Slice, Reference>;
  /** Of each run that is known. */
  readonly contentOf: Map<string, Content>;
  /** How many slices each job was given. */
  readonly given: Map<JobName, number>;
}

const NETWORK = 'network.onnx';
const FEATURE_NAMES = {
  feature_names:
    'price,discount,day_of_week,month,size_sqm,lag_7,lag_14,mean_28,region_length,category_length',
};

const MODEL_OF: Readonly<Record<ModelKind, string>> = {
  trees: `model: fixtures/sales-by-column.onnx
features:
  select: SELECT * FROM input
`,
  network: `model: ${NETWORK}
features:
  select: SELECT *, length(region) AS region_length, length(category) AS category_length FROM input
`,
};

/** A batch size that is not a multiple of 16 makes networks score in batches; the parts must match those of the statement. */
const IN_BATCHES: Readonly<Record<ModelKind, readonly string[]>> = {
  trees: [],
  network: ['--batch-size', '1000'],
};

const SHARD_ROWS = 584;
const DATABASES: Readonly<Record<Kind, number>> = { whole: 1, incremental: 3 };

export async function makeBench(
  kind: Kind,
  store: StoreName,
  model: ModelKind,
  redisUrl: string,
): Promise<Bench> {
  const project = await makeProject({ jobs: {} });
  const database = DATABASES[kind] + (store === 'packed' ? 1 : 0);
  const url = store === 'lmdb' ? `lmdb:${project.path('kv')}` : `${redisUrl}/${database}`;
  await writeSlices(project);
  if (model === 'network')
    await writeOnnx(project.path(NETWORK), { ...networkGraph([10, 64, 32, 1]), metadata: FEATURE_NAMES });
  const keys = (await expectedRows()).map(({ store: s, product, date }) => ({ store: s, product, date }));
  const bench: Bench = {
    ...{ kind, store, model, project, url, keys },
    references: new Map(),
    contentOf: new Map(),
    given: new Map(),
  };
  for (const job of JOBS_OF[kind]) await writeJob(bench, job);
  // One more than there are slices: a run to roll back to is there, and all series are.
  for (let runs = 0; runs <= SLICES_OF[kind].length; runs++) await runUndisturbed(bench, 'sales');
  // Of an incremental job, each series has to be there before readers look.
  if (kind === 'incremental') for (const _ of WEEKS) await runUndisturbed(bench, 'ticked');
  return bench;
}

async function writeSlices(project: Project): Promise<void> {
  const sales = `read_parquet('${project.path('fixtures/sales.parquet')}')`;
  const table: Readonly<Record<Week, string>> = {
    sales: `FROM ${sales}`,
    other: `SELECT * REPLACE (lag_7 + 10 AS lag_7) FROM ${sales}`,
  };
  const copy = (slice: Slice, rows: string): string =>
    `COPY (${rows}) TO '${project.path(`${slice}.parquet`)}' (FORMAT parquet)`;
  await runSql(
    WEEKS.flatMap((week) => [
      copy(week, table[week]),
      copy(`${week}-even`, `FROM (${table[week]}) WHERE product % 2 = 0`),
      copy(`${week}-odd`, `FROM (${table[week]}) WHERE product % 2 = 1`),
    ]),
  );
}

/** `keep: 1`: publishing an earlier run always loads the store from its parts. */
async function writeJob({ kind, store, model, project, url }: Bench, job: JobName): Promise<void> {
  const cron = { sales: null, filled: '0 0 * * *', ticked: '0 0 1 1 *' }[job];
  const incremental = kind === 'incremental' ? ', incremental: {column: n}' : '';
  await project.write(
    `jobs/${job}.yaml`,
    `input: {path: ${job}-week.parquet${incremental}}
output: {path: out, columns: [store, product, date]}
${MODEL_OF[model]}kv: {url: "${url}", key: "{store}:{product}", field: "{date}", keep: 1${store === 'packed' ? ', layout: packed' : ''}}
execution: {shardRows: ${SHARD_ROWS}, processes: 2}
${cron === null ? '' : `schedule: {cron: "${cron}", timezone: UTC, retries: 0}\n`}`,
  );
}

async function runUndisturbed(bench: Bench, job: JobName): Promise<void> {
  const { project, keys, model, references } = bench;
  const before = (await project.published(job))?.runId ?? null;
  const slice = await giveSlice(bench, job);
  const { runId, output } = await project.run([job, ...IN_BATCHES[model]]);
  const { values } = await readStore(bench, job);
  const isOdd = (index: number): boolean => Number(keys[index]?.product) % 2 === 1;
  const isTaken = (index: number): boolean =>
    slice === 'sales' || slice === 'other' || slice.endsWith(isOdd(index) ? '-odd' : '-even');
  const taken = values.map((value, index) => (isTaken(index) ? value : undefined));
  references.set(slice, { partHashes: output.parts.map(({ sha256 }) => sha256), values: taken });
  learnRun(bench, runId, slice, before);
}

/** Notes what readers get from a run that adds to what another one has shown. */
export function learnRun(
  { kind, references, contentOf }: Bench,
  runId: string,
  slice: Slice,
  before: string | null,
): void {
  const own = references.get(slice)?.values ?? [];
  const base = kind === 'whole' || before === null ? [] : (contentOf.get(before)?.values ?? []);
  contentOf.set(runId, { slice, values: own.map((value, index) => value ?? base[index]) });
}

/** Hands a job the table of its next run. */
export async function giveSlice(bench: Bench, job: JobName): Promise<Slice> {
  const { kind, project, given } = bench;
  const number = given.get(job) ?? 0;
  given.set(job, number + 1);
  const slices = SLICES_OF[kind];
  const [slice, before] = [number, Math.max(number - 1, 0)].map((each) => slices[each % slices.length]);
  if (slice === undefined || before === undefined) throw new Error('there are no slices');
  const path = project.path(`${job}-week.parquet`);
  if (kind === 'whole') {
    copyFileSync(project.path(`${slice}.parquet`), path);
    // The same bytes at another time are another input: a new run, whose parts must be the same.
    utimesSync(path, 1_700_000_000 + number, 1_700_000_000 + number);
    return slice;
  }
  // The rows of the run before stand in it still: they are not taken again.
  const rows = (name: Slice, at: number): string =>
    `SELECT row_number() OVER () + ${at * keysPerTable} AS n, * FROM read_parquet('${project.path(`${name}.parquet`)}')`;
  const tables =
    number === 0 ? rows(slice, 0) : `${rows(before, number - 1)} UNION ALL ${rows(slice, number)}`;
  await runSql([`COPY (FROM (${tables}) ORDER BY n) TO '${path}.tmp' (FORMAT parquet)`]);
  renameSync(`${path}.tmp`, path);
  return slice;
}

/** More than a table has rows. */
const keysPerTable = 10_000;

/** What a whole week gives for each key. */
export function valuesOfWeek({ kind, references, keys }: Bench, week: Week): readonly unknown[] {
  if (kind === 'whole') return references.get(week)?.values ?? [];
  return keys.map(
    (_, index) =>
      references.get(`${week}-even`)?.values[index] ?? references.get(`${week}-odd`)?.values[index],
  );
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
