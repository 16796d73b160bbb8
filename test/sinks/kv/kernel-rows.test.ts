import { expect, it } from 'vitest';
import type { KvPlan } from '../../../src/core/plan.ts';
import { KernelRows } from '../../../src/sinks/kv/kernel-rows.ts';
import { planKvTexts } from '../../../src/sinks/kv/kv-texts.ts';
import { PlainRows } from '../../../src/sinks/kv/plain-rows.ts';
import type { RowWriter } from '../../../src/sinks/kv/row-writer.ts';
import { streamVectors } from '../../../src/source/duckdb/chunk-stream.ts';
import { openDatabase } from '../../support/database.ts';
import { type KvRow, kvRows } from '../../support/kv-batch.ts';

const database = await openDatabase();

interface Outcome {
  readonly rows: readonly KvRow[];
  readonly batches: number;
}

/** The rows of a SELECT as a writer puts them together; null where it does not take one of its chunks. */
async function rowsOf(
  kv: Pick<KvPlan, 'key' | 'field' | 'values'>,
  select: string,
  Writer: typeof KernelRows | typeof PlainRows,
): Promise<Outcome | null> {
  const columns = await database.describe(select);
  const texts = planKvTexts(kv as KvPlan, columns);
  const writer: RowWriter = new Writer(texts);
  const rows: KvRow[] = [];
  let batches = 0;
  const end = () => {
    rows.push(...kvRows(writer.batch()));
    writer.clear();
    batches++;
  };
  const list = texts.columns.map(({ sql }, index) => `${sql} AS c${index}`).join(', ');
  for await (const { rows: count, vectors } of streamVectors(database, `SELECT ${list} FROM (${select})`)) {
    if (writer.isFull) end();
    if (!writer.write(vectors, count)) return null;
  }
  end();
  return { rows, batches };
}

async function expectSame(kv: Pick<KvPlan, 'key' | 'field' | 'values'>, select: string): Promise<Outcome> {
  const [kernel, plain] = [await rowsOf(kv, select, KernelRows), await rowsOf(kv, select, PlainRows)];
  const differing = plain?.rows.findIndex((row, at) => String(row) !== String(kernel?.rows[at]));
  expect([differing, plain?.rows[differing ?? 0], kernel?.rows[differing ?? 0]]).toEqual([
    -1,
    undefined,
    undefined,
  ]);
  expect(kernel?.rows.length).toBe(plain?.rows.length);
  return kernel as Outcome;
}

const KV = { key: '{a}:{b}', field: '{day}', values: ['y'] };
/** A column of every kind, with nulls where `nulls`. */
const anyTable = (rows: number, nulls: boolean) => {
  const column = (sql: string, index: number) =>
    nulls ? `CASE WHEN hash(range, ${index}) % 5 <> 0 THEN ${sql} END` : sql;
  const columns = {
    a: '(hash(range // 7) >> 32)::BIGINT::UINTEGER',
    b: '((hash(range // 3, 1) >> 33)::BIGINT - 1073741824)::INTEGER',
    tiny: '((hash(range) % 256)::INTEGER - 128)::TINYINT',
    small: '(hash(range) % 256)::UTINYINT',
    day: "DATE '2026-11-21' + (range % 7)::INTEGER",
    text: "left('größe ' || hash(range), (hash(range, 9) % 11)::INTEGER)",
    time: "TIMESTAMP '2026-11-21 05:00:00.25' + INTERVAL (range) SECOND",
    y: '(hash(range, 3) % 10000000)::FLOAT / 7',
    z: '(hash(range, 4) % 100000)::DOUBLE / 7',
  };
  const list = Object.entries(columns).map(([name, sql], index) => `${column(sql, index)} AS ${name}`);
  return `SELECT ${list.join(', ')} FROM range(${rows}) ORDER BY range`;
};

it.each([false, true])(
  'writes what plain rows are, of columns of every kind, with nulls: %s',
  async (nulls) => {
    const table = anyTable(20_000, nulls);
    const { batches } = await expectSame(KV, table);
    expect(batches).toBe(2);
    await expectSame({ key: 'ü{text}', field: null, values: ['z'] }, table);
    await expectSame(
      { key: '{text}/{tiny}/{small}', field: '{time}', values: ['y', 'z', 'a', 'tiny'] },
      table,
    );
    await expectSame({ key: '{time}', field: '{a}-', values: ['b'] }, table);
  },
);

it('writes floats of any bits just as plain rows have them', async () => {
  const bits = `SELECT 1 AS a, 2 AS b, 3 AS day, y FROM (
    SELECT unnest(['NaN', 'inf', '-inf', '0', '-0', '1e-45', '3.4028235e38', '1e7', '9999999', '0.001', '0.00099999994']::FLOAT[]) AS y
    UNION ALL SELECT (hash(range) % 20000)::FLOAT / 100 FROM range(30000)
    UNION ALL SELECT (hash(range) % 1000000000)::FLOAT / pow(10, range % 12)::FLOAT * (1 - 2 * (range % 2)) FROM range(60000)
    UNION ALL SELECT pow(2, range)::FLOAT FROM range(-140, 120))`;
  await expectSame(KV, bits);
  await expectSame({ ...KV, values: ['y', 'a'] }, bits);
});

it('writes the dates of all years', async () => {
  const days = `SELECT 1 AS a, 2 AS b, 1::FLOAT AS y, DATE '1970-01-01' + (range * 531 - 5000000)::INTEGER AS day FROM range(20000)
    UNION ALL SELECT 1, 2, 1, unnest(['infinity', '-infinity', '0001-01-01', '0001-01-01 (BC)', '9999-12-31', '10000-01-01', '2024-02-29']::DATE[])`;
  await expectSame(KV, days);
});

it('takes no chunk with a text of more than twelve bytes, null or not', async () => {
  const table = (text: string) => `SELECT 1 AS a, ${text} AS b, DATE '2026-11-21' AS day, 1::FLOAT AS y`;
  expect(await rowsOf(KV, table("'twelve bytes'"), KernelRows)).not.toBeNull();
  expect(await rowsOf(KV, table("'thirteen byte'"), KernelRows)).toBeNull();
});

it('begins another batch before its memory is full', async () => {
  const values = Array.from({ length: 60 }, (_, at) => `c${at}`);
  const list = values.map((name) => `range::FLOAT / 7 AS ${name}`).join(', ');
  const { batches } = await expectSame(
    { ...KV, values },
    `SELECT range // 7 AS a, 1 AS b, DATE '2026-11-21' AS day, ${list} FROM range(8000)`.replace(
      'range // 7',
      '(range // 7)::INTEGER',
    ),
  );
  expect(batches).toBeGreaterThan(1);
});
