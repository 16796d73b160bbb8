import { allocateTensor, type TensorData } from '../../core/tensor-data.ts';
import { castSql } from '../../features/cast-rules.ts';
import { FeatureBatch } from '../../features/feature-batch.ts';
import type { TensorValue } from '../../inference/model-session.ts';
import { isValid, streamChunks } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { openShardRows, type RowsPlan } from '../../source/shard-rows.ts';

/** Rows looked at to find some that the model can be tried on. */
const LOOK_AT = 1000;

/** Rows of the input as tensors: one for each model input, rows first. */
export interface TrialRows {
  readonly rows: number;
  readonly feeds: ReadonlyMap<string, TensorValue>;
}

/**
 * The usable ones among the first rows of the input; null where there is none. Throws what reading a shard
 * throws.
 */
export async function readTrialRows(database: Database, plan: RowsPlan): Promise<TrialRows | null> {
  const { input, features } = plan;
  const range = { index: 0, rowStart: 0, rowEnd: Math.min(LOOK_AT, input.rows) };
  const opened = await openShardRows(database, plan, range);
  try {
    const batch = new FeatureBatch(features.bindings, LOOK_AT);
    const sql = `SELECT ${castList(plan).join(', ')} FROM ${opened.from}`;
    for await (const chunk of streamChunks(database, sql))
      for (let row = 0; row < chunk.rows && !batch.isFull; row++)
        if (chunk.columns.every((column) => isValid(column, row))) batch.append(chunk, row, row + 1, 0);
    const { rows } = batch;
    return rows === 0 ? null : { rows, feeds: batch.tensors(0, rows, rows) };
  } catch (error) {
    throw await opened.explain(error);
  } finally {
    await opened.close();
  }
}

function castList({ input, features }: RowsPlan): string[] {
  const columns = features.select?.columns ?? input.columns;
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const casts = features.bindings.flatMap(({ columns, elementType }) =>
    columns.map((column) => castSql(column, types.get(column) ?? 'VARCHAR', elementType)),
  );
  return casts.map((sql, index) => `${sql} AS f${index}`);
}

/** Some of the rows, in any order, and any of them several times. */
export function pickRows({ rows, feeds }: TrialRows, picked: readonly number[]): TrialRows['feeds'] {
  return new Map(
    [...feeds].map(([name, { data, dims }]) => {
      const width = data.length / rows;
      const values = emptyLike(data, picked.length * width);
      picked.forEach((row, at) => {
        for (let index = 0; index < width; index++)
          (values as unknown[])[at * width + index] = data[row * width + index];
      });
      return [name, { data: values, dims: [picked.length, ...dims.slice(1)] }] as const;
    }),
  );
}

function emptyLike(data: TensorData, length: number): TensorData {
  if (Array.isArray(data)) return allocateTensor('string', length);
  return new (data.constructor as new (length: number) => Exclude<TensorData, string[]>)(length);
}

/** The rows, and after them another one that is made from one of them: every number another one. */
export function withNeighbour(trial: TrialRows, row: number): TrialRows {
  const all = pickRows(trial, [...Array.from({ length: trial.rows }, (_, each) => each), row]);
  const rows = trial.rows + 1;
  for (const { data } of all.values()) {
    if (Array.isArray(data)) continue;
    for (let at = (data.length / rows) * trial.rows; at < data.length; at++)
      (data as unknown as unknown[])[at] = another(data[at] as number | bigint, data);
  }
  return { rows, feeds: all };
}

function another(value: number | bigint, data: TensorData): number | bigint {
  if (typeof value === 'bigint') return value + 1n;
  // Of booleans, which are bytes, the other one.
  if (data instanceof Uint8Array && value === 1) return 0;
  return data instanceof Float32Array || data instanceof Float64Array ? 2.3 * value + 1.7 : value + 1;
}
