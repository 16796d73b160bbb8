import type { Plan } from '../core/plan.ts';
import { FeatureBatch } from '../features/feature-batch.ts';
import { type Chunk, isValid, streamChunks } from '../source/duckdb/chunk-stream.ts';
import type { Database } from '../source/duckdb/database.ts';
import { openShardRows } from '../source/shard-rows.ts';
import { requiredColumns } from './feature-columns.ts';

/** Rows that are looked at for one that is wanted: some may be invalid. */
const LOOK_AT = 2;

/**
 * The first usable rows of the input, at most `count`, as a shard would score them. Throws what reading a
 * shard throws.
 */
export async function readFirstRows(database: Database, plan: Plan, count: number): Promise<FeatureBatch> {
  const range = { index: 0, rowStart: 0, rowEnd: Math.min(LOOK_AT * count, plan.input.rows) };
  const rows = await openShardRows(database, plan, range);
  try {
    return await readUsable(database, plan, rows.from, count);
  } finally {
    await rows.close();
  }
}

/** Reads the features of rows that are at hand into a batch, but for rows that cannot be used. */
export async function readUsable(
  database: Database,
  plan: Plan,
  from: string,
  capacity: number,
): Promise<FeatureBatch> {
  const list = requiredColumns(plan).map(({ sql }, index) => `${sql} AS f${index}`);
  const batch = new FeatureBatch(plan.features.bindings, capacity);
  for await (const chunk of streamChunks(database, `SELECT ${list.join(', ')} FROM ${from}`)) {
    appendUsable(batch, chunk);
    if (batch.isFull) break;
  }
  return batch;
}

function appendUsable(batch: FeatureBatch, chunk: Chunk): void {
  const gaps = chunk.columns.filter(({ validity }) => validity !== null);
  if (gaps.length === 0) {
    batch.append(chunk, 0, Math.min(chunk.rows, batch.capacity - batch.rows), batch.rows);
    return;
  }
  for (let row = 0; row < chunk.rows && !batch.isFull; row++) {
    if (gaps.every((column) => isValid(column, row))) batch.append(chunk, row, row + 1, batch.rows);
  }
}
