import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KvPlan } from '../../../src/core/plan.ts';
import type { KvBatch } from '../../../src/kv/store.ts';
import { countDistinct, readDuplicateWinners, readKvBatches } from '../../../src/sinks/kv/kv-batches.ts';
import { templateSql } from '../../../src/sinks/value-sql.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { type KvRow, kvRows } from '../../support/kv-batch.ts';
import { temporaryFolder } from '../../support/project.ts';

const KV: KvPlan = {
  url: 'lmdb:kv',
  key: '{store}:{product}',
  field: '{date}',
  values: ['y'],
  ttlSeconds: null,
  keepGenerations: 2,
  layout: 'hash',
  duplicates: 'error',
};

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function part(name: string, select: string): Promise<string> {
  const path = join(folder, name);
  await database.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  return path;
}

/** One row a (day, store, product), the days outermost, as a table of a time series often is. */
const BY_DAY = `SELECT s AS store, p AS product, 'day ' || d AS date, (d * 100 + s * 10 + p)::FLOAT AS y
  FROM range(3) days(d), range(2) stores(s), range(40) products(p) ORDER BY d, s, p`;

async function entries(batches: AsyncIterable<KvBatch>): Promise<KvRow[]> {
  const all: KvRow[] = [];
  for await (const batch of batches) all.push(...kvRows(batch));
  return all;
}

/** How often another key follows: as often as there are keys, where the rows of each are adjacent. */
function keyChanges(found: readonly (readonly [string, ...unknown[]])[]): number {
  return found.filter(([key], index) => key !== found[index - 1]?.[0]).length;
}

describe('rows for the store', () => {
  it('come with all rows of a key next to each other, also where the part has them far apart', async () => {
    const found = await entries(readKvBatches(database, KV, await part('by-day.parquet', BY_DAY)));
    expect(found).toHaveLength(240);
    expect(keyChanges(found)).toBe(80);
    expect(found.slice(0, 3)).toEqual([
      ['0:0', 'day 0', '0.0'],
      ['0:0', 'day 1', '100.0'],
      ['0:0', 'day 2', '200.0'],
    ]);
  });

  it.each([
    ['{a}:{b}', '(1, 2), (1, 1), (2, 1), (1, 2), (NULL, 1), (3, NULL), (1, 1), (NULL, 2)', 4],
    ['{a}{b}', '(1, 11), (2, 5), (11, 1), (12, 0)', 3],
    ['{a}-{b}', '(1, 11), (1, -1), (1, 11)', 2],
  ])('of integers, whose key is %s, come together, too', async (key, values, keys) => {
    const pairs = `SELECT a::INTEGER AS store, b::INTEGER AS product, row_number() OVER () AS date, 1::FLOAT AS y FROM (VALUES ${values}) t(a, b)`;
    const kv = { ...KV, key: key.replace('a', 'store').replace('b', 'product') };
    const path = await part('integers.parquet', pairs);
    for (const rows of [undefined, 8]) {
      const found = await entries(readKvBatches(database, kv, path, rows));
      expect(new Set(found.map(([each]) => each)).size).toBe(keys);
      expect(keyChanges(found)).toBe(keys);
    }
  });

  it.each([
    ['sorted', 'range // 3', 'range % 3'],
    ['sorted, with a null at the end', 'CASE WHEN range < 4999 THEN range // 3 END', 'range % 3'],
    ['by date', 'range % 2500', 'range // 2500'],
    ['one key out of place, in the second chunk', 'CASE WHEN range = 3000 THEN 1 ELSE range // 3 END', '9'],
    ['out of place where chunks meet', 'CASE WHEN range = 2048 THEN 0 ELSE range // 3 END', '9'],
  ])('are the same whether a part is held in memory or streamed: %s', async (_, key, day) => {
    const rows = `SELECT ${key}::INTEGER AS store, 1::SMALLINT AS product, (DATE '2026-11-21' + (${day})::INTEGER) AS date,
      (range / 7)::FLOAT AS y FROM range(5000)`;
    const path = await part('held.parquet', rows);
    const held = await entries(readKvBatches(database, KV, path, 5_000));
    expect(String(held)).toBe(String(await entries(readKvBatches(database, KV, path))));
    expect(held).toHaveLength(5_000);
    expect(keyChanges(held)).toBe(new Set(held.map(([each]) => each)).size);
  });

  it('of a date have its text, and a date that comes again has it again', async () => {
    const days = `SELECT 1 AS store, range::INTEGER AS product, (DATE '2026-11-21' + (range % 300)::INTEGER) AS date, 0::FLOAT AS y FROM range(5000)`;
    const found = await entries(readKvBatches(database, KV, await part('dates.parquet', days)));
    const texts = await database.rows(`SELECT CAST(date AS VARCHAR) AS text FROM (${days})`);
    expect(found.map(([, field]) => field)).toEqual(texts.map(({ text }) => text));
  });

  it('stay in the order of the part where it is grouped already', async () => {
    const grouped =
      'SELECT 9 - range // 3 AS store, 1 AS product, range AS date, range::FLOAT AS y FROM range(30)';
    const found = await entries(readKvBatches(database, KV, await part('grouped.parquet', grouped)));
    expect(found.map(([, field]) => Number(field))).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });

  it.each([
    ['17::SMALLINT'],
    ['-3'],
    ['9223372036854775807'],
    ['2.5::DOUBLE'],
    ["'größe'"],
    ["'a text that is longer than twelve bytes'"],
    ["'a text that is longer than twelve bytes, number ' || range % 2"],
    ["DATE '2026-11-21'"],
    ["TIMESTAMP '2026-11-21 05:00:00'"],
    ["TIMESTAMP '2026-11-21 05:00:00.123456'"],
    ["TIMESTAMPTZ '2026-11-21 05:00:00.25+00'"],
    ['CASE WHEN range % 2 = 0 THEN 7 END'],
    ["CASE WHEN range % 2 = 0 THEN 'seven' END"],
  ])('have the text of %s in key and field as templates say, and nothing for a null', async (sql) => {
    const path = await part(
      'types.parquet',
      `SELECT ${sql} AS store, 'p' AS product, 1::FLOAT AS y FROM range(10)`,
    );
    const columns = await database.describe(`SELECT * FROM '${path}'`);
    const rows = await database.rows(
      `SELECT coalesce(${templateSql('{store}', columns)}, '') AS text FROM '${path}'`,
    );
    const kv = { ...KV, key: '{product}', field: '{store}' };
    const fields = (await entries(readKvBatches(database, kv, path))).map(([, field]) => field);
    expect(fields).toEqual(rows.map(({ text }) => text));
    const swapped = { ...KV, key: '{store}', field: null };
    const keys = (await entries(readKvBatches(database, swapped, path))).map(([key]) => key);
    expect(keys).toEqual(fields);
  });

  it('have no field where the job has none, and a number as its shortest text', async () => {
    const plain = await part(
      'plain.parquet',
      'SELECT 1 AS store, range AS product, 0.1::FLOAT AS y FROM range(2)',
    );
    const found = await entries(readKvBatches(database, { ...KV, field: null }, plain));
    expect(found).toEqual([
      ['1:0', null, '0.1'],
      ['1:1', null, '0.1'],
    ]);
  });
});

describe('where a key and field occur twice', () => {
  const TWICE = `SELECT 1 AS store, 2 AS product, 'mon' AS date, 1::FLOAT AS y UNION ALL
    SELECT 1, 3, 'mon', 2 UNION ALL SELECT 1, 2, 'tue', 3 UNION ALL SELECT 1, 2, 'mon', 4`;

  it('the last one is what the store must hold', async () => {
    const parts = [
      await part('twice.parquet', TWICE),
      await part('later.parquet', "SELECT 1 AS store, 3 AS product, 'mon' AS date, 5::FLOAT AS y"),
    ];
    expect(await entries(readDuplicateWinners(database, KV, parts))).toEqual([
      ['1:2', 'mon', '4.0'],
      ['1:3', 'mon', '5.0'],
    ]);
  });

  it('columns of the table may be called what they like', async () => {
    const named = `SELECT *, 7 AS k, 8 AS f, 9 AS n, 1 AS c, 2 AS place FROM (${TWICE})`;
    const parts = [await part('named.parquet', named)];
    expect(await entries(readDuplicateWinners(database, KV, parts))).toEqual([['1:2', 'mon', '4.0']]);
  });

  it('keys and pairs are counted once each', async () => {
    const parts = [await part('counted.parquet', TWICE)];
    expect(await countDistinct(database, KV, parts)).toEqual({ keys: 2, values: 3 });
    expect(await countDistinct(database, { ...KV, field: null }, parts)).toEqual({ keys: 2, values: 2 });
  });
});
