import { BIGINT, BOOLEAN, DOUBLE, VARCHAR } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { streamVectors } from '../../../src/source/duckdb/chunk-stream.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { type Answer, AnswerError, SqlFunction } from '../../../src/source/duckdb/sql-function.ts';
import { openDatabase } from '../../support/database.ts';

let database: Database;
beforeEach(async () => {
  database = await openDatabase();
});
afterEach(() => database.close());

const DOUBLED = { parameters: [BIGINT], fields: { value: DOUBLE, odd: BOOLEAN } } as const;

const double: Answer = ({ rows, columns: [numbers] }, fields) => {
  const values = Array.from({ length: rows }, (_, row) => Number(numbers?.values[row]));
  fields.set(
    0,
    Float64Array.from(values, (value) => value * 2),
  );
  fields.set(
    1,
    Uint8Array.from(values, (value) => value % 2),
  );
};

it('is called with rows in order, once for each, and gives a STRUCT', async () => {
  const doubled = await SqlFunction.of(database, DOUBLED);
  let seen = 0;
  const rows = await doubled.during(
    (chunk, fields) => {
      expect(Number(chunk.columns[0]?.values[0])).toBe(seen);
      seen += chunk.rows;
      double(chunk, fields);
    },
    () =>
      database.rows(
        `SELECT count(*) AS n, sum(made.value) AS sum FROM (SELECT ${doubled.name}(range) AS made FROM range(5000)) WHERE made.odd`,
      ),
  );
  expect(rows).toEqual([{ n: '2500', sum: 12_500_000 }]);
  expect(seen).toBe(5000);
});

it('is there where a result of the database was left half-read', async () => {
  for await (const { rows } of streamVectors(database, 'SELECT * FROM range(100000)')) if (rows > 0) break;
  const doubled = await SqlFunction.of(database, DOUBLED);
  const rows = await doubled.during(double, () =>
    database.rows(`SELECT ${doubled.name}(4).value AS value FROM range(1)`),
  );
  expect(rows).toEqual([{ value: 8 }]);
});

it('is one for each shape', async () => {
  const first = await SqlFunction.of(database, DOUBLED);
  expect(await SqlFunction.of(database, { ...DOUBLED })).toBe(first);
  const other = await SqlFunction.of(database, { ...DOUBLED, parameters: [VARCHAR] });
  expect(other.name).not.toBe(first.name);
});

it('ends the statement with what its answer threw, and works again afterwards', async () => {
  const doubled = await SqlFunction.of(database, DOUBLED);
  const query = () => database.rows(`SELECT ${doubled.name}(range).value AS value FROM range(1)`);
  const failing = doubled.during(() => {
    throw new RangeError('not this one');
  }, query);
  await expect(failing).rejects.toBeInstanceOf(AnswerError);
  await expect(failing).rejects.toMatchObject({ cause: new RangeError('not this one') });
  await expect(doubled.during(double, () => database.run('SELECT nonsense'))).rejects.toThrow('nonsense');
  expect(await doubled.during(double, query)).toEqual([{ value: 0 }]);
});
