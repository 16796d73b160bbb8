import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  FLOAT,
  INTEGER,
  SMALLINT,
  TINYINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChunkColumn } from '../../../src/source/duckdb/chunk-stream.ts';
import { isAllValid, isValid } from '../../../src/source/duckdb/chunk-stream.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { SqlFunction } from '../../../src/source/duckdb/sql-function.ts';
import { openDatabase } from '../../support/database.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.close());

it.each([
  [BOOLEAN, 'range % 3 = 1'],
  [TINYINT, 'range % 256 - 128'],
  [UTINYINT, 'range % 256'],
  [SMALLINT, '32767 - range'],
  [USMALLINT, '65535 - range'],
  [INTEGER, 'range - 2147483648'],
  [UINTEGER, '4294967295 - range'],
  [BIGINT, 'range - 9223372036854775807'],
  [UBIGINT, '18446744073709551615 - range::UBIGINT'],
  [FLOAT, "[0.1, 'nan', '-inf', '-0', 1e-45][1 + range % 5]"],
  [DOUBLE, "[0.1, 'nan', 'inf', '-0', 5e-324][1 + range % 5]"],
  [VARCHAR, "[chr(65279) || 'a', '', 'ünï', repeat('long ', 20)][1 + range % 4] || range"],
])(
  'a call reads and writes %s as DuckDB has it, in chunks that are full and one that is not',
  async (type, sql) => {
    const echo = await SqlFunction.of(database, { parameters: [type], fields: { value: type } });
    const values = `SELECT (${sql})::${type} AS value, range AS row FROM range(5001)`;
    const different = await echo.during(
      ({ rows, columns: [column] }, fields) =>
        fields.set(0, ((column?.values ?? []) as Float64Array | string[]).slice(0, rows)),
      () =>
        database.rows(
          `SELECT count(*) AS n FROM (SELECT ${echo.name}(value).value AS echoed, value FROM (${values})) WHERE echoed IS DISTINCT FROM value`,
        ),
    );
    expect(different).toEqual([{ n: '0' }]);
  },
);

it.each([64, 100, 2048])('nulls are told row by row, and where there are none: %s rows', async (rows) => {
  const seen: boolean[][] = [];
  const watch = await SqlFunction.of(database, { parameters: [BIGINT, DOUBLE], fields: { none: BOOLEAN } });
  await watch.during(
    (chunk, fields) => {
      for (const column of chunk.columns) {
        seen.push(Array.from({ length: rows }, (_, row) => isValid(column, row)));
        expect(isAllValid(column, rows)).toBe(!seen.at(-1)?.includes(false));
      }
      fields.set(0, new Uint8Array(chunk.rows));
    },
    () => database.run(`SELECT ${watch.name}(range, nullif(range, ${rows - 1})).none FROM range(${rows})`),
  );
  expect(seen).toEqual([
    new Array(rows).fill(true),
    Array.from({ length: rows }, (_, row) => row < rows - 1),
  ]);
});

it('bits behind the last row do not count', () => {
  const column = (word: bigint): Pick<ChunkColumn, 'validity'> => ({ validity: new BigUint64Array([word]) });
  expect(isAllValid(column(0b111n), 3)).toBe(true);
  expect(isAllValid(column(0b101n), 3)).toBe(false);
  expect(isAllValid({ validity: null }, 3)).toBe(true);
});
