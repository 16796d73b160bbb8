import { beforeAll, describe, expect, it } from 'vitest';
import { keyedJoins, keysSelect, withTables } from '../../src/features/left-joins.ts';
import { parseSelect } from '../../src/features/plan-select.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { syntaxTree } from '../../src/source/duckdb/syntax-tree.ts';
import { openDatabase } from '../support/database.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});

const COLUMNS = ['store', 'day', 'n'];

async function joinsOf(select: string, alias = 'input') {
  const parsed = parseSelect(await syntaxTree(database, select));
  return { parsed, joins: keyedJoins(parsed, alias, COLUMNS) };
}

async function textOf(tree: string): Promise<string> {
  const [row] = await database.rows(
    `SELECT json_deserialize_sql('${tree.replaceAll("'", "''")}'::JSON) AS s`,
  );
  return String(row?.s);
}

describe('joins whose tables may have more keys', () => {
  it.each<[what: string, select: string, keys: string]>([
    ['by USING', 'SELECT store, size FROM input LEFT JOIN a USING (store)', 'a: store'],
    ['by ON', 'SELECT size FROM input LEFT JOIN a ON a.s = input.store', 'a: s'],
    ['turned round', 'SELECT size FROM input LEFT JOIN a ON input.store = a.s', 'a: s'],
    [
      'by what is made of the row',
      'SELECT size FROM input LEFT JOIN a ON a.d = CAST(input.day AS DATE) AND a.n = input.n % 7',
      'a: d, n',
    ],
    ['with an alias', 'SELECT t.size FROM input AS input LEFT JOIN a AS t ON t.s = input.store', 'a: s'],
    [
      'several',
      'SELECT x, y, store FROM input LEFT JOIN a USING (store) LEFT JOIN b ON b.n = input.n',
      'a: store; b: n',
    ],
    [
      'with stars of others',
      'SELECT input.*, b.* FROM input LEFT JOIN b ON b.k + 1 = 2 LEFT JOIN a USING (store)',
      'a: store',
    ],
    ['of one name in upper case', 'SELECT SIZE FROM input LEFT JOIN A ON a.S = INPUT.STORE', 'A: S'],
  ])('%s', async (_, select, expected) => {
    const { joins } = await joinsOf(select);
    const found = joins.map(({ table, keys }) => `${table}: ${keys.map(({ column }) => column).join(', ')}`);
    expect(found.join('; ')).toBe(expected);
  });

  it.each<[what: string, select: string]>([
    ['whose key is selected', 'SELECT a.s FROM input LEFT JOIN a ON a.s = input.store'],
    ['whose key is selected by its plain name', 'SELECT s FROM input LEFT JOIN a ON a.s = input.store'],
    ['whose key is asked for with USING', 'SELECT a.store FROM input LEFT JOIN a USING (store)'],
    ['whose key is in WHERE', 'SELECT size FROM input LEFT JOIN a ON a.s = input.store WHERE a.s IS NULL'],
    [
      'whose key another join uses',
      'SELECT x FROM input LEFT JOIN a ON a.s = input.store LEFT JOIN b ON b.k = a.s',
    ],
    [
      'whose key another join uses by name',
      'SELECT x FROM input LEFT JOIN a ON a.s = input.store LEFT JOIN b USING (s)',
    ],
    ['read as a row', 'SELECT a FROM input LEFT JOIN a ON a.s = input.store'],
    ['all of whose columns are taken', 'SELECT input.*, a.* FROM input LEFT JOIN a USING (store)'],
    ['beside a star', 'SELECT * FROM input LEFT JOIN a USING (store)'],
    ['beside COLUMNS', "SELECT COLUMNS('s.*') FROM input LEFT JOIN a USING (store)"],
    ['whose rows are numbered', 'SELECT a.rowid FROM input LEFT JOIN a USING (store)'],
    ['that drop rows', 'SELECT size FROM input JOIN a USING (store)'],
    ['that keep all of the table', 'SELECT size FROM input FULL JOIN a USING (store)'],
    ['of the nearest', 'SELECT size FROM input ASOF LEFT JOIN a ON a.s = input.store AND a.d <= input.day'],
    ['by more than equality', 'SELECT size FROM input LEFT JOIN a ON a.s = input.store AND a.size > 3'],
    ['by one of two', 'SELECT size FROM input LEFT JOIN a ON a.s = input.store OR a.n = input.n'],
    ['by a plain name', 'SELECT size FROM input LEFT JOIN a ON s = input.store'],
    [
      'by a column of another table',
      'SELECT size FROM input LEFT JOIN b USING (x) LEFT JOIN a ON a.r = b.region',
    ],
    ['by a column that the row does not have', 'SELECT size FROM input LEFT JOIN a USING (region)'],
    ['of a subquery', 'SELECT size FROM input LEFT JOIN (SELECT * FROM a) AS a USING (store)'],
    ['beside a subquery', 'SELECT size, (SELECT max(k) FROM c) FROM input LEFT JOIN a USING (store)'],
    ['of a sample', 'SELECT size FROM input LEFT JOIN a TABLESAMPLE 10% ON a.s = input.store'],
    [
      'of a table whose columns are renamed',
      'SELECT size FROM input LEFT JOIN a AS a(s, size) ON a.s = input.store',
    ],
    [
      'of WITH',
      'WITH a AS (SELECT 1 AS s, 2 AS size) SELECT size FROM input LEFT JOIN a ON a.s = input.store',
    ],
  ])('not those %s', async (_, select) => {
    expect((await joinsOf(select)).joins).toEqual([]);
  });

  it('say which keys the rows ask for, and of which columns they are made', async () => {
    const { parsed, joins } = await joinsOf(
      'SELECT t.size FROM input AS i LEFT JOIN a AS t ON t.d = CAST(i.day AS DATE) AND t.s = i.STORE WHERE i.n > 3 ORDER BY i.n',
      'i',
    );
    const [join] = joins;
    expect(join?.columns).toEqual(['day', 'store']);
    if (join === undefined) return;
    expect(await textOf(keysSelect(parsed, join))).toBe(
      'SELECT CAST(i."day" AS DATE) AS d, i.STORE AS s FROM "input" AS i',
    );
    expect(await textOf(withTables(parsed, new Map([[join.node, 'other']])))).toContain(
      'LEFT JOIN other AS t ON',
    );
  });

  it('are called as before where they have no alias', async () => {
    const { parsed, joins } = await joinsOf('SELECT a.size FROM input LEFT JOIN a USING (store)');
    const tables = new Map(joins.map(({ node }) => [node, 'other']));
    expect(await textOf(withTables(parsed, tables))).toContain('LEFT JOIN other AS a USING (store)');
  });
});
