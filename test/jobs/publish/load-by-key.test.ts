import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KvLayout } from '../../../src/core/plan.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { readPlan } from '../../../src/runs/plan/plan-file.ts';
import { openDatabase } from '../../support/database.ts';
import { makeProject, type Project } from '../../support/project.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';

const PRODUCTS = 60;
const DAYS = 3;

/**
 * Products of a store, day after day, and at the end of the table day 0 again with other values: each key lies in all
 * shards, and some rows share key and field with one in another shard. `lag_7` is what readers get.
 */
const TABLE = `SELECT 1 AS store, p::INTEGER AS product, 'day ' || d AS date, 2.5::FLOAT AS price, 0::FLOAT AS discount,
    3 AS day_of_week, 11 AS month, 800 AS size_sqm, (p * 10 + d + again * 5)::FLOAT AS lag_7, 2::FLOAT AS lag_14,
    3::FLOAT AS mean_28, 'west' AS region, 'pet' AS category
  FROM (SELECT 0 AS again, d, p FROM range(${DAYS}) days(d), range(${PRODUCTS}) products(p)
    UNION ALL SELECT 1, 0, p FROM range(${PRODUCTS}) products(p)) ORDER BY again, d, p`;
const EXPECTED = Object.fromEntries(
  Array.from({ length: PRODUCTS * DAYS }, (_, row) => {
    const [product, day] = [row % PRODUCTS, Math.floor(row / PRODUCTS)];
    return [`${product} day ${day}`, product * 10 + day + (day === 0 ? 5 : 0)];
  }),
);

const jobOf = (url: string, layout: KvLayout): string => `model: fixtures/sales-by-column.onnx
input: sales.parquet
output: {path: out, columns: [lag_7]}
kv: {url: "${url}", key: "{store}:{product}", field: "{date}", values: [lag_7], layout: ${layout}, duplicates: last}
execution: {shardRows: ${PRODUCTS}, processes: 2}
`;

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each<[string, KvLayout]>([
  ['LMDB', 'hash'],
  ['Redis', 'hash'],
  ['Redis', 'packed'],
])('a table whose keys lie in many shards, in %s, %s', (kind, layout) => {
  let project: Project;
  let url: string;
  let runId: string;

  beforeAll(async () => {
    await redis.cli('FLUSHALL');
    project = await makeProject({ jobs: {} });
    url = kind === 'Redis' ? redis.url : `lmdb:${project.path('kv')}`;
    await project.write('jobs/sales.yaml', jobOf(url, layout));
    await (await openDatabase()).run(
      `COPY (${TABLE}) TO '${project.path('sales.parquet')}' (FORMAT parquet)`,
    );
    runId = (await project.run(['sales'])).runId;
  });

  /** What readers get, and how many loads are marked. */
  async function shown(): Promise<{ values: Record<string, number>; loads: number }> {
    const store = openStore({ url, job: 'sales' });
    try {
      const generation = (await store.current()) ?? '';
      const values: Record<string, number> = {};
      for (let product = 0; product < PRODUCTS; product++)
        for (const [day, value] of (await store.getSeries(generation, `1:${product}`)) ?? [])
          values[`${product} ${day}`] = Number(value);
      return { values, loads: (await store.stagedShards(generation)).size };
    } finally {
      await store.close();
    }
  }

  it('is loaded by key, each value once; of rows with one key and field the last of the table wins', async () => {
    const plan = await readPlan(project.path('out/sales/runs', runId, 'plan.json'));
    expect([plan.shards.length, plan.kv?.slices]).toEqual([4, 4]);
    const { values, loads } = await shown();
    expect(values).toEqual(EXPECTED);
    // Of the four slices, and of the rows that share key and field.
    expect(loads).toBe(5);
  });

  if (kind === 'LMDB') return;

  it('a load that was cut off goes on with the slices that are missing', async () => {
    const meta = `sales:${runId}`;
    // The first member says that nobody has written this mark again.
    const kept = (await redis.cli('HGET', meta, 'shard:0')).replace('{', '{"first":true,');
    const info = await redis.cli('HGET', meta, 'info');
    await redis.cli('FLUSHALL');
    expect((await project.serveBatch(['publish', runId])).code).toBe(0);
    expect((await shown()).values).toEqual(EXPECTED);
    await redis.cli('HSET', meta, 'info', info, 'shard:0', kept);
    await redis.cli('HDEL', meta, 'shard:1', 'shard:3');
    expect((await project.serveBatch(['publish', runId])).code).toBe(0);
    expect(await shown()).toEqual({ values: EXPECTED, loads: 5 });
    expect(await redis.cli('HGET', meta, 'shard:0')).toBe(kept);
  });
});
