import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KvLayout } from '../../src/core/plan.ts';
import { openStore } from '../../src/kv/open-store.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { makeProject, type Project } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { killAfterShards } from './kill-after-shards.ts';

const DAYS = 5;

/** A row of the table: `n` counts up, and the prediction is the price. */
interface Row {
  readonly n: number;
  readonly store: number;
  readonly day: number;
  readonly price: number;
}

const row = (n: number, price = n / 8): Row => ({
  n,
  store: Math.floor((n - 1) / DAYS),
  day: (n - 1) % DAYS,
  price,
});
const upTo = (last: number): Row[] => Array.from({ length: last }, (_, index) => row(index + 1));

function csvOf(rows: readonly Row[]): string {
  const lines = rows.map(({ n, store, day, price }) => `${n},${store},d${day},${price}`);
  return `n,store,day,price\n${lines.join('\n')}\n`;
}

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

let project: Project;
let url: string;
let layout: KvLayout;

async function makeJob(kind: 'lmdb' | 'redis', itsLayout: KvLayout): Promise<void> {
  await server.cli('FLUSHALL');
  project = await makeProject({ jobs: {}, fixtures: false });
  // The stores are under test: a small model keeps the many runs cheap.
  await writeOnnx(project.path('identity.onnx'), identityGraph(1));
  url = kind === 'lmdb' ? `lmdb:${project.path('store')}` : server.url;
  layout = itsLayout;
  await project.write('jobs/grows.yaml', jobText());
}

const jobText = (key = '{store}'): string =>
  `model: identity.onnx
features: {columns: [price]}
input: {path: data.csv, incremental: {column: n, lateness: 4}, csv: {types: {price: DOUBLE}}}
output: {path: out, columns: [n, store, day, price]}
kv: {url: "${url}", key: "${key}", field: "{day}", values: [price], layout: ${layout}}
`;

/** Runs the job over a table; with the same one again there is nothing new. */
async function run(rows: readonly Row[], ...flags: string[]) {
  await project.write('data.csv', csvOf(rows));
  return project.run(['grows', ...flags]);
}

/** All prices that readers get, by `store:day`. */
async function shown(): Promise<Record<string, number>> {
  const store = openStore({ url, job: 'grows' });
  try {
    const generation = await store.current();
    const found: Record<string, number> = {};
    if (generation === undefined) return found;
    for (let each = 0; each < 12; each++)
      for (const [day, price] of (await store.getSeries(generation, String(each))) ?? [])
        found[`${each}:${day}`] = Number(price);
    return found;
  } finally {
    await store.close();
  }
}

const pricesOf = (rows: readonly Row[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ store, day, price }) => [`${store}:d${day}`, price]));

async function generations(): Promise<readonly string[]> {
  const store = openStore({ url, job: 'grows' });
  return store.generations().finally(() => store.close());
}

describe.each<['lmdb' | 'redis', KvLayout]>([
  ['lmdb', 'hash'],
  ['redis', 'hash'],
  ['redis', 'packed'],
])('an incremental job with a store: %s, %s', (kind, itsLayout) => {
  beforeEach(() => makeJob(kind, itsLayout));

  it('each run adds to what readers see, and a value that came again is the newer one', async () => {
    const first = await run(upTo(12));
    expect(first.kv).toMatchObject({ keys: 3, values: 12 });
    const second = await run(upTo(23));
    expect(second).toMatchObject({ rowsIn: 11, kv: { keys: 5, values: 23, extends: first.runId } });
    expect(await shown()).toEqual(pricesOf(upTo(23)));

    const corrected = { ...row(3, 77), n: 24 };
    const third = await run([...upTo(23), corrected, row(25)]);
    expect(third).toMatchObject({ rowsIn: 2, kv: { values: 24, extends: second.runId } });
    const now = { ...pricesOf([...upTo(23), row(25)]), '0:d2': 77 };
    expect(await shown()).toEqual(now);

    // Two rows come late, the second of them too late.
    const late = [21, 20].map((n, index) => ({ ...row(26 + index), n }));
    const fourth = await run([...upTo(23), corrected, row(25), ...late]);
    expect(fourth).toMatchObject({ rowsIn: 1, incremental: { to: '25', lateTaken: 1, lateRows: 1 } });
    expect(await shown()).toEqual({ ...now, ...pricesOf([row(26)]) });

    const { code, stdout } = await project.serveBatch(['run', 'grows']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Nothing new') });
    await project.serveBatch(['rollback', 'grows']);
    expect(await shown()).toEqual(now);
  });

  it('a rollback shows exactly what readers saw before, also once that was dropped', async () => {
    const runs = [await run(upTo(7)), await run(upTo(13)), await run(upTo(19))];
    // kv.keep is 2: the first one is gone.
    expect(await generations()).toEqual([runs[1]?.runId, runs[2]?.runId]);
    await project.serveBatch(['rollback', 'grows']);
    expect(await shown()).toEqual(pricesOf(upTo(13)));
    expect((await project.serveBatch(['rollback', 'grows'])).code).toBe(0);
    expect(await shown()).toEqual(pricesOf(upTo(7)));

    // What the runs took that were rolled back stays taken, and is not in the store.
    const next = await run(upTo(21));
    expect(next).toMatchObject({ rowsIn: 2, kv: { values: 9, extends: runs[0]?.runId } });
    expect(await shown()).toEqual(pricesOf([...upTo(7), row(20), row(21)]));
    const full = await run(upTo(21), '--full');
    expect(full.kv?.extends).toBeUndefined();
    expect(await shown()).toEqual(pricesOf(upTo(21)));
  });

  it('a store that was emptied is loaded again from the parts of all runs', async () => {
    await run(upTo(7));
    await run([...upTo(7), { ...row(2, 50), n: 8 }, ...upTo(14).slice(8)]);
    const before = await shown();
    if (kind === 'lmdb') rmSync(project.path('store'), { recursive: true });
    else await server.cli('FLUSHALL');
    expect(await shown()).toEqual({});
    expect((await project.serveBatch(['run', 'grows'])).code).toBe(0);
    expect(await shown()).toEqual(before);

    // And where it is lost while a run is planned: nothing of the new run may lie under older values.
    if (kind === 'lmdb') rmSync(project.path('store'), { recursive: true });
    else await server.cli('FLUSHALL');
    await project.serveBatch(['run', 'grows']);
    await run([...upTo(14), { ...row(4, 60), n: 15 }]);
    expect(await shown()).toEqual({ ...before, '0:d3': 60 });
  });
});

describe('a kill of an incremental job with a store', () => {
  it.each<['lmdb' | 'redis', KvLayout]>([
    ['lmdb', 'hash'],
    ['redis', 'packed'],
  ])('leaves it whole, with what was planned: %s, %s', async (kind, itsLayout) => {
    await makeJob(kind, itsLayout);
    await run(upTo(20));
    await project.write('data.csv', csvOf([...upTo(50), { ...row(1, 99), n: 51 }]));
    const killed = await killAfterShards(
      project,
      ['run', 'grows', '--shard-rows', '5', '--processes', '1'],
      2,
    );
    expect(await shown()).toEqual(pricesOf(upTo(20)));
    const continued = await project.run(['grows', '--shard-rows', '5', '--processes', '1']);
    expect(continued.runId).toBe(killed.runId);
    expect(await shown()).toEqual({ ...pricesOf(upTo(50)), '0:d0': 99 });
  });
});

// The same whatever the store is.
describe('an incremental job with a store', () => {
  beforeEach(() => makeJob('lmdb', 'hash'));

  it('what is kept for it is not pruned, and what is gone is said', async () => {
    const first = await run(upTo(7));
    const second = await run(upTo(9));
    await run(upTo(11));
    expect(
      JSON.parse(
        (await project.serveBatch(['runs', 'prune', '--job', 'grows', '--keep', '1', '--json'])).stdout,
      ),
    ).toMatchObject({ jobs: [{ pruned: [] }] });
    rmSync(first.output.path, { recursive: true });
    // The store still has it all: the next run goes on.
    await run(upTo(13));
    expect(await shown()).toEqual(pricesOf(upTo(13)));
    const back = await project.serveBatch(['publish', second.runId]);
    expect(back.code).toBe(4);
    expect(back.stderr).toMatch(
      new RegExp(`adds to the predictions of run ${first.runId}, .* whose folder is gone`),
    );
    expect(await shown()).toEqual(pricesOf(upTo(13)));
  });

  it('keys of another kind are refused before anything is scored', async () => {
    const first = await run(upTo(7));
    await project.write('jobs/grows.yaml', jobText('s{store}'));
    await project.write('data.csv', csvOf(upTo(9)));
    const { code, stderr } = await project.serveBatch(['run', 'grows']);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `The key (kv.key) is s{store}; in run ${first.runId}, whose predictions this run adds to, it was {store}.`,
    );
    expect(await project.runs('grows')).toEqual([first.runId]);
    expect((await run(upTo(9), '--full')).kv?.values).toBe(9);
  });

  it('says where a value comes from, whichever run it was', async () => {
    const first = await run(upTo(7));
    const second = await run(upTo(14));
    const why = async (n: number) => {
      const { store, day } = row(n);
      const asked = ['why', 'grows', `store=${store}`, `day=d${day}`, '--json'];
      return JSON.parse((await project.serveBatch(asked)).stdout).run;
    };
    expect([await why(3), await why(12)]).toEqual([first.runId, second.runId]);
    const miss = await project.serveBatch(['lookup', 'grows', 'store=9', 'day=d0']);
    expect(miss.stderr).toContain('it has no store=9');
  });
});
