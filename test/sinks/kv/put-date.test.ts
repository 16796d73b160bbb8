import { expect, it } from 'vitest';
import { DATE_BYTES, putDate } from '../../../src/sinks/kv/put-date.ts';
import { openDatabase } from '../../support/database.ts';

it('writes every date as DuckDB does, from the first to the last', async () => {
  const database = await openDatabase();
  const days = `SELECT unnest([0, -1, 59, -719162, -719163, -719528, 2932896, 2932897, 106751991, -106751991])::BIGINT AS days
    UNION SELECT (range * 5303 - 106000000) FROM range(40000)`;
  const rows = await database.rows(
    `SELECT days::INTEGER AS days, CAST(DATE '1970-01-01' + days::INTEGER AS VARCHAR) AS text FROM (${days})`,
  );
  const bytes = Buffer.alloc(1 + DATE_BYTES);
  const wrong = rows.filter(
    (row) => bytes.toString('latin1', 1, putDate(bytes, 1, Number(row.days))) !== row.text,
  );
  expect(wrong).toEqual([]);
});

it.each([
  [2_147_483_647, 'infinity'],
  [-2_147_483_647, '-infinity'],
])('%d days stand for %s', (days, text) => {
  const bytes = Buffer.alloc(DATE_BYTES);
  expect(bytes.toString('latin1', 0, putDate(bytes, 0, days))).toBe(text);
});
