// What people write first: rows as objects from parquetjs-lite or csv-parse, batches through
// onnxruntime-node on the main thread, and a SET for each row.
import '../../src/inference/disable-telemetry.ts';
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from 'csv-parse';
import { Redis } from 'ioredis';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type * as Parquetjs from 'parquetjs-lite';
import { FEATURES } from '../data/feature-sql.ts';
import { CATEGORIES, REGIONS } from '../data/sales-sql.ts';
import type { PlainRequest } from './plain-request.ts';

type Row = Readonly<Record<string, unknown>>;

// CommonJS whose names Node cannot see from outside.
const { ParquetReader } = createRequire(import.meta.url)('parquetjs-lite') as typeof Parquetjs;

const BATCH_ROWS = 1000;

async function main({ table, model, redisUrl }: PlainRequest): Promise<number> {
  const session = await InferenceSession.create(model);
  const redis = new Redis(redisUrl);
  let scored = 0;
  let batch: Row[] = [];
  const flush = async (): Promise<void> => {
    const predictions = await predict(session, batch);
    await Promise.all(batch.map((row, index) => redis.set(keyOf(row), String(predictions[index]))));
    scored += batch.length;
    batch = [];
  };
  for await (const row of table.endsWith('.csv') ? csvRows(table) : parquetRows(table)) {
    batch.push(row);
    if (batch.length === BATCH_ROWS) await flush();
  }
  if (batch.length > 0) await flush();
  await redis.quit();
  return scored;
}

function csvRows(path: string): AsyncIterable<Row> {
  return createReadStream(path).pipe(parse({ columns: true }));
}

async function* parquetRows(path: string): AsyncGenerator<Row> {
  const reader = await ParquetReader.openFile(path);
  const cursor = reader.getCursor();
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) yield row;
  await reader.close();
}

async function predict(session: InferenceSession, rows: readonly Row[]): Promise<ArrayLike<number>> {
  const matrix = new Float32Array(rows.length * FEATURES.length);
  rows.forEach((row, index) => {
    matrix.set(
      FEATURES.map((name) => featureOf(row, name)),
      index * FEATURES.length,
    );
  });
  const features = new Tensor('float32', matrix, [rows.length, FEATURES.length]);
  const { sales } = await session.run({ features });
  return sales?.data as Float32Array;
}

function featureOf(row: Row, name: string): number {
  if (name === 'region') return (REGIONS as readonly string[]).indexOf(String(row.region));
  if (name === 'category') return (CATEGORIES as readonly string[]).indexOf(String(row.category));
  return Number(row[name]);
}

function keyOf({ store, product, date }: Row): string {
  return `sales:${store}:${product}:${dayText(date)}`;
}

/** CSV has a text; Parquet a date, or days since 1970. */
function dayText(date: unknown): string {
  if (typeof date === 'string' && date.includes('-')) return date;
  const day = date instanceof Date ? date : new Date(Number(date) * 86_400_000);
  return day.toISOString().slice(0, 10);
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as PlainRequest)));
