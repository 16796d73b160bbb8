import { beforeAll, describe, expect, it } from 'vitest';
import type { ElementType } from '../../src/core/model.ts';
import { canFill, castSql } from '../../src/features/cast-rules.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';

const TYPED = false;
const FROM_TEXT = true;

it.each<[columnType: string, elementType: ElementType, fromText: boolean, fills: boolean]>([
  ['BIGINT', 'float32', TYPED, true],
  ['BIGINT', 'int8', TYPED, true],
  ['UHUGEINT', 'float64', TYPED, true],
  ['BOOLEAN', 'float32', TYPED, true],
  ['BOOLEAN', 'int64', TYPED, true],
  ['BOOLEAN', 'bool', TYPED, true],
  ['DOUBLE', 'float32', TYPED, true],
  ['DOUBLE', 'float16', TYPED, true],
  ['DECIMAL(9,2)', 'float32', TYPED, true],
  ['DOUBLE', 'int64', TYPED, false],
  ['DECIMAL(9,0)', 'int64', TYPED, false],
  ['BIGINT', 'bool', TYPED, false],
  ['VARCHAR', 'float32', TYPED, false],
  ['VARCHAR', 'float32', FROM_TEXT, true],
  ['VARCHAR', 'int64', FROM_TEXT, true],
  ['VARCHAR', 'bool', FROM_TEXT, true],
  ['VARCHAR', 'string', TYPED, true],
  ["ENUM('a', 'b')", 'string', TYPED, true],
  ['BIGINT', 'string', FROM_TEXT, false],
  ['DATE', 'float32', FROM_TEXT, false],
  ['TIMESTAMP', 'int64', TYPED, false],
  ['BLOB', 'string', TYPED, false],
  ['INTEGER[]', 'float32', TYPED, false],
  ['STRUCT(a INTEGER)', 'float32', TYPED, false],
  ['DECIMAL(9,2)[]', 'float32', TYPED, false],
  ["ENUM('a')[]", 'string', TYPED, false],
  ["ENUM('a\nb', '(')", 'string', TYPED, true],
  ['TIMESTAMP WITH TIME ZONE', 'float64', TYPED, false],
  ['INTERVAL', 'float64', TYPED, false],
  ['UUID', 'string', TYPED, false],
  ['BIGNUM', 'float64', TYPED, false],
])('a column of %s and a tensor of %s (from text: %s): %s', (columnType, elementType, fromText, fills) => {
  expect(canFill(columnType, elementType, fromText)).toBe(fills);
});

describe('a value becomes', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openDatabase();
  });

  it.each<[sql: string, columnType: string, elementType: ElementType, becomes: unknown]>([
    ['42', 'BIGINT', 'float32', 42],
    ['true', 'BOOLEAN', 'float32', 1],
    ['true', 'BOOLEAN', 'int8', 1],
    ['NULL', 'BIGINT', 'float32', null],
    ['127', 'BIGINT', 'int8', 127],
    ['128', 'BIGINT', 'int8', null],
    ['-1', 'BIGINT', 'uint8', null],
    ['-1', 'BIGINT', 'uint64', null],
    ['1e300', 'DOUBLE', 'float32', null],
    ["'NaN'", 'DOUBLE', 'float32', 'NaN'],
    ["'-Infinity'", 'DOUBLE', 'float32', '-Infinity'],
    ['65504', 'DOUBLE', 'float16', 65_504],
    ['65505', 'DOUBLE', 'float16', null],
    ['-65505', 'DOUBLE', 'float16', null],
    ["'NaN'", 'DOUBLE', 'float16', 'NaN'],
    ["'Infinity'", 'DOUBLE', 'float16', 'Infinity'],
    ["'a' || chr(0) || 'b'", 'VARCHAR', 'string', null],
    ["'a b'", 'VARCHAR', 'string', 'a b'],
    ["'3.7'", 'VARCHAR', 'int64', null],
    ["'3.7'", 'VARCHAR', 'uint8', null],
    ["'3.0'", 'VARCHAR', 'int32', null],
    ["'1e2'", 'VARCHAR', 'int32', null],
    ["' 12 '", 'VARCHAR', 'int32', 12],
    ["'+5'", 'VARCHAR', 'int32', 5],
    ["'300'", 'VARCHAR', 'uint8', null],
    ["'9223372036854775807'", 'VARCHAR', 'int64', '9223372036854775807'],
    ["'18446744073709551615'", 'VARCHAR', 'uint64', '18446744073709551615'],
    ["'3.5'", 'VARCHAR', 'float32', 3.5],
    ["'n/a'", 'VARCHAR', 'float32', null],
    ["''", 'VARCHAR', 'float32', null],
    ["''", 'VARCHAR', 'int64', null],
    ["'yes'", 'VARCHAR', 'bool', true],
    ["'perhaps'", 'VARCHAR', 'bool', null],
    ["'3.7'", 'VARCHAR', 'string', '3.7'],
  ])('%s of %s as %s: %s', async (sql, columnType, elementType, becomes) => {
    const [row] = await database.rows(
      `SELECT ${castSql('a "b"', columnType, elementType)} AS v FROM (SELECT CAST(${sql} AS ${columnType}) AS "a ""b""")`,
    );
    expect(row?.v).toEqual(becomes);
  });
});
