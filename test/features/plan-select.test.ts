import { beforeAll, describe, expect, it } from 'vitest';
import { quoteText } from '../../src/core/text/sql.ts';
import {
  addInputColumns,
  type FunctionNames,
  parseSelect,
  type SelectShape,
  shapeOfSelect,
} from '../../src/features/plan-select.ts';
import { findUnstable } from '../../src/features/unstable-functions.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';

let database: Database;
const names: FunctionNames = {
  aggregates: new Set(['sum', 'max', 'count', 'list', 'weighted_avg']),
  unstable: new Set(['random', 'now', 'current_date']),
};

beforeAll(async () => {
  database = await openDatabase();
  await database.run(
    'CREATE TABLE input AS SELECT range AS id, range * 10 AS price, range AS input_row FROM range(3)',
  );
  await database.run('CREATE TABLE stores AS SELECT range AS id, 100 AS size FROM range(3)');
});

async function parse(select: string) {
  const [row] = await database.rows(`SELECT json_serialize_sql(${quoteText(select)}) AS j`);
  return parseSelect(String(row?.j));
}

/** The SELECT with columns added, as DuckDB writes it out again, run. */
async function runWith(select: string, added: readonly string[]): Promise<Record<string, unknown>[]> {
  const parsed = await parse(select);
  const tree = addInputColumns(parsed, shapeOfSelect(parsed, names).inputAlias ?? '', added);
  const [row] = await database.rows(`SELECT json_deserialize_sql(${quoteText(tree)}::JSON) AS s`);
  return database.rows(String(row?.s));
}

it.each<[select: string, shape: SelectShape]>([
  ['SELECT price FROM input', { inputAlias: 'input', keepsOrder: true, isProjection: true }],
  ['SELECT i.price FROM input AS i', { inputAlias: 'i', keepsOrder: true, isProjection: true }],
  ['SELECT price FROM INPUT', { inputAlias: 'INPUT', keepsOrder: true, isProjection: true }],
  [
    'SELECT price FROM input JOIN stores USING (id)',
    { inputAlias: 'input', keepsOrder: false, isProjection: false },
  ],
  [
    'SELECT price FROM stores s LEFT JOIN input i ON s.id = i.id',
    { inputAlias: 'i', keepsOrder: false, isProjection: false },
  ],
  ['SELECT price FROM (SELECT * FROM input)', { inputAlias: null, keepsOrder: false, isProjection: false }],
  [
    'SELECT price FROM input WHERE price > 10 ORDER BY price',
    { inputAlias: 'input', keepsOrder: true, isProjection: false },
  ],
  [
    'SELECT (SELECT max(size) OVER () FROM stores LIMIT 1) AS m FROM input',
    { inputAlias: 'input', keepsOrder: true, isProjection: false },
  ],
])('%s', async (select, shape) => {
  expect(shapeOfSelect(await parse(select), names)).toEqual(shape);
});

it.each([
  ['SELECT price * 2 AS price, upper(region) AS region FROM input', true],
  ['SELECT * REPLACE (price + 1 AS price) FROM input', true],
  ['SELECT price FROM input WHERE price > 10', false],
  ['SELECT price FROM input ORDER BY price', false],
  ['SELECT unnest([1, 2]) AS n FROM input', false],
  ['SELECT price, (SELECT max(size) FROM stores) AS m FROM input', false],
  ['WITH w AS (SELECT 1) SELECT price FROM input', false],
  ['SELECT size FROM stores', false],
])('%s makes each row of one row: %s', async (select, expected) => {
  expect(shapeOfSelect(await parse(select), names).isProjection).toBe(expected);
});

it.each([
  'SELECT price FROM (SELECT * FROM input WHERE id < 2 UNION ALL SELECT * FROM input WHERE id >= 2)',
  'WITH w AS (SELECT *, price * 2 AS twice FROM input) SELECT twice FROM w',
  'SELECT (SELECT max(size) FROM stores s WHERE s.id <= input.id) AS p FROM input',
  'SELECT a.size FROM input i JOIN stores a ON a.id = i.id JOIN stores b ON b.id = i.id + 1',
  'SELECT x FROM input, LATERAL (SELECT price + 1 AS x)',
])('takes rows of the input one at a time: %s', async (select) => {
  const parsed = await parse(select);
  expect(() => shapeOfSelect(parsed, names)).not.toThrow();
});

it.each<[select: string, columns: string[], found: string | undefined]>([
  ['SELECT price + Random() AS price FROM input', [], 'random'],
  ['SELECT x FROM input, (SELECT now() AS x)', [], 'now'],
  ['SELECT current_date - day AS age FROM input', [], 'current_date'],
  ['SELECT current_date - day AS age FROM input', ['Current_Date'], undefined],
  ['SELECT current_date() - day AS age FROM input', ['current_date'], 'current_date'],
  ['SELECT input.current_date, random FROM input', [], undefined],
])('%s of columns %j calls %s', async (select, columns, found) => {
  expect(findUnstable(await parse(select), names.unstable, columns)).toBe(found);
});

describe('adds columns of the input', () => {
  it.each<[select: string, added: string[], first: Record<string, unknown>]>([
    ['SELECT price + 1 AS x FROM input', ['input_row', 'id'], { x: '1', input_row: '0', id: '0' }],
    ['SELECT i.price AS x FROM input i', ['id'], { x: '0', id: '0' }],
    [
      'SELECT size FROM input JOIN stores ON stores.id = input.id ORDER BY input.id',
      ['id'],
      { size: 100, id: '0' },
    ],
    [
      'SELECT 18446744073709551615 AS big, -9223372036854775808 AS small FROM input',
      ['id'],
      { big: '18446744073709551615', small: '-9223372036854775808', id: '0' },
    ],
    [
      "SELECT 'it''s \"18446744073709551615\"' AS t, 0.1 AS d FROM input",
      ['id'],
      { t: 'it\'s "18446744073709551615"', d: '0.1', id: '0' },
    ],
  ])('to %s', async (select, added, first) => {
    const rows = await runWith(select, added);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toEqual(first);
  });
});

describe('refuses what would see one shard only, or is no single SELECT:', () => {
  it.each<[select: string, says: string]>([
    ['SELECT sum(price) OVER (PARTITION BY id) AS s FROM input', 'a window function (OVER)'],
    ['SELECT 1 + row_number() OVER () AS s FROM input', 'a window function (OVER)'],
    ['SELECT id FROM input GROUP BY id', 'GROUP BY'],
    ['SELECT DISTINCT price FROM input', 'DISTINCT or LIMIT'],
    ['SELECT price FROM input LIMIT 10', 'DISTINCT or LIMIT'],
    ['SELECT price FROM input UNION ALL SELECT price FROM input', 'must be one SELECT'],
    ['SELECT price FROM input; SELECT 1', 'must be one SELECT'],
    ['SELEKT price FROM input', 'cannot be read'],
    ['DROP TABLE input', 'cannot be read: a statement in it is not a SELECT'],
    ['SELECT sum(price) AS s FROM input', 'the aggregate sum()'],
    ['SELECT price FROM input QUALIFY row_number() OVER (PARTITION BY id) = 1', 'a window function (OVER)'],
    ['SELECT price FROM input WHERE price = 1 GROUP BY ALL', 'GROUP BY'],
    ['SELECT price FROM input TABLESAMPLE 10%', 'a sample'],
    ['SELECT x FROM (SELECT sum(price) AS x FROM input)', 'the aggregate sum()'],
    ['WITH w AS (SELECT lag(price) OVER () AS x FROM input) SELECT x FROM w', 'a window function (OVER)'],
    ['SELECT price FROM input USING SAMPLE 10%', 'a sample'],
    ['SELECT weighted_avg(price, id) AS p FROM input', 'the aggregate weighted_avg()'],
    [
      'SELECT (SELECT b.price FROM input b WHERE b.id = input.id - 1) AS p FROM input',
      'a subquery that looks into input',
    ],
    ['SELECT id + 1 IN (SELECT id FROM input) AS more FROM input', 'a subquery that looks into input'],
    [
      'WITH w AS (SELECT * FROM input) SELECT EXISTS (SELECT 1 FROM W) AS e FROM stores',
      'a subquery that looks into input',
    ],
    ['SELECT b.price FROM input a LEFT JOIN input b ON b.id = a.id - 1', 'two reads of input in one row'],
    [
      'WITH w AS (SELECT * FROM input) SELECT w.price FROM input a LEFT JOIN w ON w.id = a.id - 1',
      'two reads of input',
    ],
    [
      'WITH w AS (SELECT * FROM input) SELECT a.price FROM w a, w b WHERE a.id = b.id + 1',
      'two reads of input',
    ],
    [
      'SELECT n.price FROM input i, LATERAL (SELECT b.price FROM input b WHERE b.id = i.id - 1) n',
      'two reads of input',
    ],
    ['SELECT price FROM (SELECT * FROM input UNION SELECT * FROM input)', 'two reads of input in one row'],
    ['SELECT size FROM input POSITIONAL JOIN stores', 'a positional join of input'],
    ['SELECT * FROM input PIVOT (max(price) FOR id IN (1, 2) GROUP BY price)', 'a pivot of input'],
  ])('%s', async (select, says) => {
    const shape = parse(select).then((parsed) => shapeOfSelect(parsed, names));
    await expect(shape).rejects.toMatchObject({ code: 'FEATURES_SELECT' });
    await expect(shape).rejects.toThrow(says);
  });
});
