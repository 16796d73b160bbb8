import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { quoteText } from '../../../src/core/text/sql.ts';
import { readDimensions } from '../../../src/report/facts/dimension-facts.ts';
import { readRejects } from '../../../src/report/facts/rejects-facts.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;
let rejects: string;
let staging: string;
let parts: string;

beforeAll(async () => {
  database = await openDatabase();
  const folder = await temporaryFolder();
  const write = async (name: string, select: string): Promise<string> => {
    const file = join(folder, `${name}.parquet`);
    await database.run(`COPY (${select}) TO ${quoteText(file)} (FORMAT parquet)`);
    return file;
  };
  // Stores 1 and 2, products 0 to 999: of store 1, ten products miss.
  parts = await write(
    'part',
    'SELECT s AS store, p AS product, 1.5 AS sales FROM range(1, 3) a(s), range(1000) b(p) WHERE NOT (s = 1 AND p < 10)',
  );
  rejects = await write(
    'rejects',
    `SELECT 'sales.csv' AS file, i + 1 AS "row", CAST(NULL AS BIGINT) AS line, 'price' AS "column",
       'n/a' || i AS "value", 'holds "n/a' || i || '"; the model input "x" is float32' AS reason,
       {store: CAST(1 AS BIGINT), product: i} AS input FROM range(10) t(i)`,
  );
  staging = await write(
    'staging',
    `SELECT 'sales.csv' AS file, CAST(NULL AS BIGINT) AS "row", 7 AS line, CAST(NULL AS VARCHAR) AS "column",
       repeat('x', 5000) AS "value", 'has 16 fields; expected 13' AS reason`,
  );
});

describe('rejects', () => {
  it('are grouped by what is wrong, whatever the value, with the first five of each', async () => {
    const { groups, others } = await readRejects(
      database,
      [rejects, staging],
      ['store', 'product', 'nowhere'],
    );
    expect(groups.map(({ column, reason, count }) => [column, reason, count])).toEqual([
      ['price', 'holds a value that does not fit; the model input "x" is float32', 10],
      [null, 'has another number of fields; expected 13', 1],
    ]);
    expect(groups[0]?.examples.map(({ row, key, value }) => [row, key, value])).toEqual(
      [0, 1, 2, 3, 4].map((i) => [i + 1, `store=1 product=${i}`, `n/a${i}`]),
    );
    expect(groups[1]?.examples[0]).toMatchObject({ row: null, line: 7, key: null, value: 'x'.repeat(200) });
    expect(others).toBe(0);
  });

  it('are none where there are no files', async () => {
    expect(await readRejects(database, [], ['store'])).toEqual({ groups: [], others: 0 });
  });
});

describe('coverage by dimension', () => {
  it('counts what is there and what is missing, by value', async () => {
    const files = { parts: [parts], rejects: [rejects, staging] };
    const [store, product] = await readDimensions(database, ['store', 'product', 'nowhere'], files);
    expect(store).toEqual({
      column: 'store',
      distinct: 2,
      isWhole: true,
      values: [
        { value: '1', present: 990, missing: 10 },
        { value: '2', present: 1000, missing: 0 },
      ],
    });
    expect(product).toMatchObject({ distinct: 1000, isWhole: false });
    expect(product?.values).toHaveLength(10);
    expect(product?.values[0]).toEqual({ value: '0', present: 1, missing: 1 });
  });

  it('keeps the order of numbers, and values that have nothing at all come last', async () => {
    const rows = (store: number): string =>
      `SELECT 'f' AS file, 1 AS "row", NULL::BIGINT AS line, NULL AS "column", NULL AS "value", 'r' AS reason, {store: ${store}} AS input`;
    const file = `${rejects}.more.parquet`;
    const part = `${parts}.more.parquet`;
    await database.run(`COPY (${rows(7)}) TO ${quoteText(file)} (FORMAT parquet)`);
    await database.run(`COPY (SELECT unnest([10, 9, 100]) AS store) TO ${quoteText(part)} (FORMAT parquet)`);
    const [store] = await readDimensions(database, ['store'], { parts: [part], rejects: [file] });
    expect(store?.values.map(({ value, present, missing }) => [value, present, missing])).toEqual([
      ['9', 1, 0],
      ['10', 1, 0],
      ['100', 1, 0],
      ['7', 0, 1],
    ]);
  });

  it('is complete where there are no rejects', async () => {
    const [store] = await readDimensions(database, ['store'], { parts: [parts], rejects: [] });
    expect(store?.values.every(({ missing }) => missing === 0)).toBe(true);
  });
});
