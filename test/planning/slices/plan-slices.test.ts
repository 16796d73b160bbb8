import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { GridPlan, ResolvedInput } from '../../../src/core/table.ts';
import { planShards } from '../../../src/planning/plan-shards.ts';
import { planSlices, slicesOf } from '../../../src/planning/slices/plan-slices.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

/** 30 keys with a row for each of seven days. */
const ROWS = `SELECT s::SMALLINT AS store, 'product ' || p AS product, DATE '2026-11-21' + d::INTEGER AS date
  FROM range(5) stores(s), range(6) products(p), range(7) days(d)`;
const COUNT = 5 * 6 * 7;
/** Seven shards. */
const SHARD_ROWS = 30;
const KEY = '{store}:{product}';

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

type Files = Pick<ResolvedInput, 'columns' | 'hiveColumns' | 'files' | 'rows' | 'grid'>;

/** A table in a file for each SELECT. */
async function tableOf(...selects: readonly string[]): Promise<Files> {
  const files: { path: string; rows: number; schema: string }[] = [];
  for (const select of selects) {
    const path = join(folder, `${Math.random()}.parquet`);
    await database.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    const [counted] = await database.rows(`SELECT count(*) AS n FROM '${path}'`);
    files.push({ path, rows: Number(counted?.n), schema: 'one' });
  }
  const columns = await database.describe(selects[0] ?? '');
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  return { columns, hiveColumns: [], files: files as unknown as Files['files'], rows, grid: null };
}

function plan(input: Files, key = KEY, shardRows = SHARD_ROWS): Promise<number | null> {
  const shards = planShards(input.rows, shardRows);
  return planSlices(database, { key, input: input as ResolvedInput, shards });
}

describe('a table', () => {
  it.each(['date, store, product', 'product, date, store', 'hash(store, product, date)'])(
    'ordered by %s, each key in many shards, is loaded by key',
    async (order) => {
      expect(await plan(await tableOf(`${ROWS} ORDER BY ${order}`))).toBe(4);
    },
  );

  it.each(['store, product, date', 'product DESC, store, date'])(
    'ordered by %s is loaded shard by shard',
    async (order) => {
      expect(await plan(await tableOf(`${ROWS} ORDER BY ${order}`))).toBeNull();
    },
  );

  it('in a file a day is loaded by key, and in a file a store it is not', async () => {
    const days = Array.from({ length: 7 }, (_, d) => `${ROWS} WHERE d = ${d}`);
    expect(await plan(await tableOf(...days))).toBe(4);
    const stores = Array.from({ length: 5 }, (_, s) => `${ROWS} WHERE s = ${s} ORDER BY p, d`);
    expect(await plan(await tableOf(...stores))).toBeNull();
  });

  it('whose keys have one row each is loaded shard by shard, whatever its order', async () => {
    const input = await tableOf(`${ROWS} ORDER BY hash(store, product, date)`);
    expect(await plan(input, '{store}:{product}:{date}')).toBeNull();
  });

  it('of one shard is not looked at', async () => {
    const input = await tableOf(`${ROWS} ORDER BY d, s, p`);
    expect(await plan({ ...input, files: [] }, KEY, COUNT)).toBeNull();
  });

  it('whose keys are made by features.select is loaded shard by shard: nobody knows', async () => {
    expect(await plan(await tableOf(`${ROWS} ORDER BY d, s, p`), '{store}:{week}')).toBeNull();
  });

  it('with keys of more rows than a shard is loaded shard by shard: they would be in memory at once', async () => {
    expect(await plan(await tableOf(`${ROWS} ORDER BY d, s, p`), '{store}')).toBeNull();
  });

  it('with nulls in its keys is loaded by key', async () => {
    const nulls = `SELECT NULLIF(store, 1) AS store, product, date FROM (${ROWS} ORDER BY d, s, p)`;
    expect(await plan(await tableOf(nulls))).toBe(4);
  });

  it('that lies in a bucket, or cannot be read now, is loaded shard by shard', async () => {
    const input = await tableOf(`${ROWS} ORDER BY d, s, p`);
    const elsewhere = (path: string): Files => ({
      ...input,
      files: input.files.map((file) => ({ ...file, path })),
    });
    expect(await plan(elsewhere('s3://bucket/sales.parquet'))).toBeNull();
    expect(await plan(elsewhere(join(folder, 'gone.parquet')))).toBeNull();
  });
});

describe('a grid', () => {
  const dimension = (name: string, size: number): GridPlan['dimensions'][number] => ({
    ...{ name, size, type: 'BIGINT' },
    source: { kind: 'range', from: '1', step: 1 },
  });
  const [stores, products, days] = [dimension('store', 5), dimension('product', 6), dimension('date', 7)];
  const gridOf = (dimensions: GridPlan['dimensions'], rows = COUNT): Files => ({
    ...{ hiveColumns: [], files: [], rows, columns: dimensions },
    grid: { dimensions, filter: null, tables: [], blocks: null },
  });

  it('with the days first is loaded by key', async () => {
    expect(await plan(gridOf([days, stores, products]))).toBe(4);
    expect(await plan(gridOf([stores, days, products]), '{product}')).toBe(4);
  });

  it('with the days last is loaded shard by shard, also where a key goes on in the next shard', async () => {
    expect(await plan(gridOf([stores, products, days]))).toBeNull();
    expect(await plan(gridOf([products, days, stores]), '{product}')).toBeNull();
  });

  it('of which a filter leaves little is loaded by key where its rows still lie in many shards', async () => {
    expect(await plan(gridOf([days, stores, products], COUNT / 7))).toBeNull();
    expect(await plan(gridOf([days, stores, products], COUNT / 7), KEY, 5)).toBe(4);
  });
});

it('slices are never more than shards, enough for several processes, and grow in very large tables', () => {
  expect(slicesOf(200_000, 2)).toBe(2);
  expect(slicesOf(700_000, 6)).toBe(4);
  expect(slicesOf(7_000_000, 57)).toBe(14);
  expect(slicesOf(700_000_000, 5_697)).toBe(64);
});
