import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { decompress } from 'fzstd';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { ParquetReader } from 'parquetjs-lite';
import { PARQUET_COMPRESSION_METHODS } from 'parquetjs-lite/lib/compression.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectedRows, wrongPredictions } from '../support/golden.ts';
import { makeProject } from '../support/project.ts';

type Row = Record<string, unknown>;

/** Text, dates, integers of 32 and 64 bits, doubles, and the prediction in float32. */
const COLUMNS = ['store', 'product', 'date', 'price', 'month', 'region', 'category', 'sales'];

const jobWith = (compression: string): string => `
input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
output: {path: out, compression: ${compression}, columns: [price, month, region, category]}
kv: {key: "{store}:{product}", field: "{date}"}
execution: {shardRows: 4000}
`;

async function readWithDuckDb(path: string): Promise<Row[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(`FROM '${path}'`)).getRowObjectsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function readWithHyparquet(path: string): Promise<Row[]> {
  return parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
}

async function readWithParquetjs(path: string): Promise<Row[]> {
  const reader = await ParquetReader.openFile(path);
  try {
    const cursor = reader.getCursor();
    const rows: Row[] = [];
    for (let row = await cursor.next(); row !== null; row = await cursor.next()) rows.push(withNumbers(row));
    return rows;
  } finally {
    await reader.close();
  }
}

/** Values of dictionary pages come as text from parquetjs-lite, whoever wrote the file. */
function withNumbers(row: Row): Row {
  const numbers = ['store', 'product', 'price', 'month'].map((name) => [name, Number(row[name])]);
  return { ...row, ...Object.fromEntries(numbers) };
}

/** Each library has its own idea of a date and of a 64-bit integer: the value is what must be alike. */
function plain(row: Row): Row {
  return Object.fromEntries(
    COLUMNS.map((name) => {
      const value = row[name];
      if (value instanceof Date) return [name, value.toISOString().slice(0, 10)];
      if (typeof value === 'bigint') return [name, Number(value)];
      if (value instanceof Uint8Array) return [name, Buffer.from(value).toString('utf8')];
      return [name, name === 'date' && typeof value === 'number' ? dayText(value) : value];
    }),
  );
}

/** A Parquet DATE is a number of days since 1970. */
function dayText(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

async function makeParts(compression: string): Promise<string[]> {
  const project = await makeProject({ jobs: { week: jobWith(compression) } });
  const { output } = await project.run([]);
  return output.parts.map(({ file }) => join(output.path, file));
}

async function readAll(parts: readonly string[], read: (path: string) => Promise<Row[]>): Promise<Row[]> {
  return (await Promise.all(parts.map(read))).flat().map(plain);
}

describe.each(['zstd', 'snappy', 'gzip', 'none'])('parts compressed with %s', (compression) => {
  let parts: string[];
  let rows: Row[];
  beforeAll(async () => {
    // parquetjs-lite has no Zstandard of its own, and takes one.
    PARQUET_COMPRESSION_METHODS.ZSTD = {
      deflate: () => {
        throw new Error('not needed');
      },
      inflate: (data) => Buffer.from(decompress(data)),
    };
    parts = await makeParts(compression);
    rows = await readAll(parts, readWithDuckDb);
  });

  it('DuckDB reads the key columns first, the chosen ones, and the predictions last', async () => {
    expect(Object.keys(rows[0] ?? {})).toEqual(COLUMNS);
    const [first] = await readWithDuckDb(parts[0] ?? '');
    expect(Object.keys(first ?? {})).toEqual(COLUMNS);
    const expected = await expectedRows();
    expect(wrongPredictions(expected, (_, index) => rows[index]?.sales)).toEqual([]);
    expect(rows.map(({ store, product, date }) => `${store}:${product}:${date}`)).toEqual(
      expected.map(({ store, product, date }) => `${store}:${product}:${date}`),
    );
  });

  it('hyparquet reads the same', async () => {
    expect(await readAll(parts, readWithHyparquet)).toEqual(rows);
  });

  it('parquetjs-lite reads the same', async () => {
    expect(await readAll(parts, readWithParquetjs)).toEqual(rows);
  });
});
