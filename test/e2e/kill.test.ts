import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, utimesSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/index.ts';
import { expectedRows } from '../support/golden.ts';
import { childrenOf, leftoversIn, until } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { committedShards } from './kill-after-shards.ts';
import { setLayout } from './packed-job.ts';
import { runSql } from './sales-tables.ts';

// A first look: `npm run campaign` strikes more commands, in more ways, with readers at work.
const INSTANTS = 6;
const SEED = 1;
const INPUT = 'week.parquet';
const RUN = ['run', '--input', INPUT, '--shard-rows', '1000', '--processes', '2'];
const SHARDS = 7;

/** The two tables that runs score in turn: readers can tell one week from the other. */
const WEEKS = ['sales', 'other'] as const;
type Week = (typeof WEEKS)[number];

interface Reference {
  readonly partHashes: readonly string[];
  readonly values: readonly unknown[];
}

/** A project whose runs go to one store. Each instant starts from a published run, and ends with one. */
interface Bench {
  readonly project: Project;
  readonly kvArgs: readonly string[];
  readonly url: string;
  readonly weekOf: Map<string, Week>;
  nextWeek: Week;
}

const STORES = ['LMDB', 'Redis', 'Redis, packed'] as const;

let redis: RedisServer;
let keys: { readonly store: string; readonly product: string; readonly date: string }[];
const references = new Map<Week, Reference>();
const benches: Bench[] = [];

beforeAll(async () => {
  redis = await startRedis();
  keys = (await expectedRows()).map(({ store, product, date }) => ({ store, product, date }));
  for (const store of STORES) benches.push(await prepare(store));
});
afterAll(async () => {
  await redis.stop();
});

async function prepare(store: (typeof STORES)[number]): Promise<Bench> {
  const project = await makeProject();
  if (store === 'Redis, packed') await setLayout(project, 'packed');
  await runSql([
    `COPY (FROM '${project.path('fixtures/sales.parquet')}') TO '${project.path('sales.parquet')}' (FORMAT parquet)`,
    // Each key in all shards: loaded by key.
    `COPY (SELECT * REPLACE (lag_7 + 10 AS lag_7) FROM '${project.path('fixtures/sales.parquet')}' ORDER BY date, store, product) TO '${project.path('other.parquet')}' (FORMAT parquet)`,
  ]);
  const isRedis = store !== 'LMDB';
  const url = isRedis ? `${redis.url}/${STORES.indexOf(store)}` : `lmdb:${project.path('out/sales/kv')}`;
  const bench: Bench = {
    project,
    kvArgs: isRedis ? ['--kv', url] : [],
    url,
    weekOf: new Map(),
    nextWeek: 'sales',
  };
  for (const week of WEEKS) {
    setInput(bench, week);
    const { output, runId } = await project.run([...RUN.slice(1), ...bench.kvArgs]);
    bench.weekOf.set(runId, week);
    const found = await readStore(bench);
    references.set(week, { partHashes: output.parts.map(({ sha256 }) => sha256), values: found.values });
  }
  return bench;
}

let touched = 0;
/** The same bytes at another time are another input: a new run, whose parts must be the same. */
function setInput({ project }: Bench, week: Week): void {
  const path = project.path(INPUT);
  copyFileSync(project.path(`${week}.parquet`), path);
  touched++;
  utimesSync(path, 1_700_000_000 + touched, 1_700_000_000 + touched);
}

const random = seededRandom(SEED);
const instants = Array.from({ length: INSTANTS }, (_, index) => ({
  index,
  store: STORES[index % STORES.length],
  // Two of three times the parent: what it leaves behind is the harder case.
  victim: random() < 0.67 ? ('parent' as const) : ('child' as const),
  // From the moment its folder is there to that when all shards are committed.
  shards: Math.floor((SHARDS + 1) * random()),
  moreMs: 50 * random(),
  which: random(),
}));

describe(`kill -9 at ${INSTANTS} random instants of a run (seed ${SEED})`, () => {
  it.each(instants)(
    '$index: the $victim after $shards shards, $store',
    async ({ index, victim, shards, moreMs, which }) => {
      const bench = benches[index % STORES.length];
      if (bench === undefined) throw new Error('no bench');
      const { project, nextWeek, weekOf } = bench;
      const before = await project.published();
      setInput(bench, nextWeek);

      const running = project.start([...RUN, ...bench.kvArgs]);
      await until(() => running.process.exitCode !== null || hasShards(project, shards), 120_000);
      await sleep(moreMs);
      const children = childrenOf(running.pid);
      const child = children[Math.floor(which * children.length)];
      const target = victim === 'parent' ? running.pid : child;
      try {
        if (target !== undefined) process.kill(target, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
      const killed = await running.result;
      if (victim === 'child') expect(killed).toMatchObject({ code: 0, signal: null });
      expect(await leftoversIn(project.folder)).toEqual([]);

      const runId = await newRun(project);
      if (runId !== null) weekOf.set(runId, nextWeek);
      await expectWholeRun(bench, [before?.runId, runId]);
      if (runId !== null) await expectWholeFiles(project.path('out/sales/runs', runId), nextWeek);
      const committed = runId === null ? 0 : committedShards(project, runId, 'sales');
      const wasFinished = runId !== null && existsSync(project.path('out/sales/runs', runId, 'run.json'));

      const next = await project.run([...RUN.slice(1), ...bench.kvArgs]);
      if (runId !== null && existsSync(project.path('out/sales/runs', runId, 'plan.json')))
        expect(next.runId).toBe(runId);
      weekOf.set(next.runId, nextWeek);
      expect(next).toMatchObject({ status: 'published', rowsIn: 7000, rowsOut: 7000 });
      if (!wasFinished) expect(next.shards).toMatchObject({ total: SHARDS, reused: committed });
      expect(next.output.parts.map(({ sha256 }) => sha256)).toEqual(references.get(nextWeek)?.partHashes);
      await expectWholeRun(bench, [next.runId]);
      await expectNothingElse(next.output.path, SHARDS);
      if (index % 3 === 0) await expectLookupCommand(bench, next.runId);
      expect(await leftoversIn(project.folder)).toEqual([]);
      bench.nextWeek = nextWeek === 'sales' ? 'other' : 'sales';
    },
  );
});

/** Whether the run that was begun last has so many. */
function hasShards(project: Project, shards: number): boolean {
  const known = new Set(benches.flatMap(({ weekOf }) => [...weekOf.keys()]));
  const run = readdirSync(project.path('out/sales/runs')).find((runId) => !known.has(runId));
  return run !== undefined && committedShards(project, run, 'sales') >= shards;
}

/** The run that the killed command had begun: the newest, where it is not known yet. */
async function newRun(project: Project): Promise<string | null> {
  const known = new Set(benches.flatMap(({ weekOf }) => [...weekOf.keys()]));
  const unknown = (await project.runs()).filter((runId) => !known.has(runId));
  expect(unknown.length).toBeLessThanOrEqual(1);
  return unknown[0] ?? null;
}

async function readStore({ url }: Bench): Promise<{ runIds: Set<string>; values: unknown[] }> {
  const lookup = createLookup({ job: 'sales', url });
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

/** Readers of the store and of the folder see one of these runs, and all of it. */
async function expectWholeRun(bench: Bench, allowed: readonly (string | null | undefined)[]): Promise<void> {
  const { runIds, values } = await readStore(bench);
  const [inStore = 'none'] = runIds;
  expect(runIds.size).toBe(1);
  expect(allowed).toContain(inStore);
  expect(values).toEqual(references.get(bench.weekOf.get(inStore) ?? 'sales')?.values);

  const published = await bench.project.published();
  expect(allowed).toContain(published?.runId);
  if (published === null) return;
  const { runId, folder, record } = published;
  expect(record).toMatchObject({ runId, rowsOut: 7000 });
  expect(existsSync(join(folder, '_SUCCESS'))).toBe(true);
  const reference = references.get(bench.weekOf.get(runId) ?? 'sales');
  const hashes = await Promise.all(record.output.parts.map(({ file }) => sha256(join(folder, file))));
  expect(hashes).toEqual(reference?.partHashes);
}

/** A file stands under its name only when it is complete, also in a run that is not. */
async function expectWholeFiles(folder: string, week: Week): Promise<void> {
  const parts = await readdir(join(folder, 'parts')).catch(() => []);
  for (const name of parts.filter((each) => !each.startsWith('.'))) {
    const index = Number(/^part-(\d+)\.parquet$/.exec(name)?.[1]);
    expect(await sha256(join(folder, 'parts', name))).toBe(references.get(week)?.partHashes[index]);
  }
  const records = await readdir(join(folder, 'shards')).catch(() => []);
  for (const name of records.filter((each) => !each.startsWith('.')))
    JSON.parse(await readFile(join(folder, 'shards', name), 'utf8'));
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** What crashes leave behind is cleared away by the run that continues. */
async function expectNothingElse(folder: string, shards: number): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).sort();
  const number = (index: number): string => String(index).padStart(5, '0');
  const numbers = Array.from({ length: shards }, (_, index) => number(index));
  expect(names).toEqual(
    [
      ...['_SUCCESS', 'log.jsonl', 'parts', 'plan.json', 'published.json', 'run.json', 'shards'],
      ...numbers.map((each) => `parts/part-${each}.parquet`),
      ...numbers.map((each) => `shards/${each}.json`),
    ].sort(),
  );
}

async function expectLookupCommand({ project, kvArgs }: Bench, runId: string): Promise<void> {
  const args = ['lookup', 'sales', 'store=3', 'product=7', 'date=2026-11-23', '--json', ...kvArgs];
  const { code, stdout } = await project.serveBatch(args);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).run).toBe(runId);
}
