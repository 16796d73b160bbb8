import { describe, expect, it } from 'vitest';
import { checkSelect } from '../../src/history/sql-statement.ts';
import { openDatabase } from '../support/database.ts';

const { connection } = await openDatabase();

describe('checkSelect', () => {
  it.each([
    ['SELECT 1', 'SELECT 1'],
    ['SELECT 1;', 'SELECT 1'],
    ['SELECT 1; -- the end', 'SELECT 1'],
    ['SELECT 1 ; /* a\n b */ ;', 'SELECT 1 '],
    ["SELECT ';'", "SELECT ';'"],
    ["SELECT ';--'", "SELECT ';--'"],
    ['SELECT 1 -- a; b', 'SELECT 1 -- a; b'],
    ['FROM range(3)', 'FROM range(3)'],
    ['VALUES (1)', 'VALUES (1)'],
    ['WITH a AS (SELECT 1) FROM a', 'WITH a AS (SELECT 1) FROM a'],
    ['SHOW TABLES', 'SHOW TABLES'],
    ['DESCRIBE SELECT 1', 'DESCRIBE SELECT 1'],
  ])('%s', async (text, sql) => {
    expect((await checkSelect(connection, text)).sql).toBe(sql);
  });

  it.each([
    ['', 'is empty'],
    [' -- nothing', 'is empty'],
    ['SELECT 1; SELECT 2', 'is 2 statements'],
    ["COPY (SELECT 1) TO 'x.csv'", 'is not a SELECT (COPY)'],
    ["EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'", 'is not a SELECT (EXPLAIN)'],
    ['CREATE TABLE t(a INTEGER)', 'is not a SELECT (CREATE)'],
    ["ATTACH 'x.db'", 'is not a SELECT (ATTACH)'],
    ['SET threads = 1', 'is not a SELECT (SET)'],
    ['INSTALL httpfs', 'is not a SELECT (LOAD)'],
    ['SELECT ?', 'has parameters'],
  ])('refuses: %s', async (text, problem) => {
    await expect(checkSelect(connection, text)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(problem),
    });
  });
});
