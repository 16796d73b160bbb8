import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KvPlan } from '../../../src/core/plan.ts';
import { readSlice } from '../../../src/sinks/kv/read-slice.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { type KvRow, kvRows } from '../../support/kv-batch.ts';
import { temporaryFolder } from '../../support/project.ts';

const KV: KvPlan = {
  ...{ url: 'lmdb:kv', key: '{store}:{product}', field: '{date}', values: ['y'], ttlSeconds: null },
  ...{ keepGenerations: 2, layout: 'hash', duplicates: 'last', slices: 3 },
};
const SLICES = 3;

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function partsOf(...selects: readonly string[]): Promise<string[]> {
  const paths = selects.map((_, index) => join(folder, `${Math.random()}-${index}.parquet`));
  for (const [index, select] of selects.entries())
    await database.run(`COPY (${select}) TO '${paths[index]}' (FORMAT parquet)`);
  return paths;
}

/** The rows of each slice. */
async function read(parts: readonly string[], kv = KV): Promise<KvRow[][]> {
  const slices: KvRow[][] = [];
  for (let index = 0; index < SLICES; index++) {
    const rows: KvRow[] = [];
    for await (const batch of readSlice(database, kv, parts, { index, of: SLICES }))
      rows.push(...kvRows(batch));
    slices.push(rows);
  }
  return slices;
}

/** A day of 8 stores and 50 products; the stores in another order each day. */
const day = (d: number, of = '::SMALLINT'): string =>
  `SELECT s${of} AS store, p::INTEGER AS product, 'day ${d}' AS date, (${d}000 + s * 100 + p)::FLOAT AS y
   FROM range(8) stores(s), range(50) products(p) ORDER BY (s + ${d}) % 8, p`;

describe.each([
  ['small integers', '::SMALLINT'],
  ['texts', '::VARCHAR'],
])('slices of keys of %s', (_, of) => {
  it('have each row once, and each key in one of them, its rows together and in their order', async () => {
    const slices = await read(await partsOf(day(0, of), day(1, of), day(2, of)));
    const rows = slices.flat();
    expect(new Set(rows.map(([key, field]) => `${key} ${field}`)).size).toBe(1200);
    expect(rows).toHaveLength(1200);
    const changes = rows.filter(([key], index) => key !== rows[index - 1]?.[0]);
    expect(changes).toHaveLength(400);
    for (const [key, field, value] of rows) {
      const [store, product] = String(key).split(':').map(Number);
      expect(Number(value)).toBe(Number(String(field).slice(4)) * 1000 + (store ?? 0) * 100 + (product ?? 0));
    }
    expect(rows.slice(0, 3).map(([, field]) => field)).toEqual(['day 0', 'day 1', 'day 2']);
    for (const slice of slices) expect(slice.length).toBeGreaterThan(200);
  });
});

it('of several rows with a key and field the one of the last part comes last, and in a part the last', async () => {
  const same = (...values: readonly number[]): string =>
    `SELECT 1 AS store, 2 AS product, 'd' AS date, y::FLOAT AS y FROM (VALUES ${values.map((y) => `(${y})`).join(', ')}) t(y)`;
  const rows = (await read(await partsOf(same(5, 9), same(4), same(8, 3)))).flat();
  expect(rows.map(([, , value]) => Number(value))).toEqual([5, 9, 4, 8, 3]);
});

it('keys with a null have no row less', async () => {
  const nulls = `SELECT CASE WHEN range % 2 = 0 THEN range END AS store, CASE WHEN range % 3 = 0 THEN range END AS product,
    'd' || range AS date, 1::FLOAT AS y FROM range(60)`;
  const rows = (await read(await partsOf(nulls))).flat();
  expect(rows).toHaveLength(60);
  expect(rows.filter(([key]) => key === '')).toHaveLength(50);
});
