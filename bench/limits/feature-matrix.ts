import { quoteText } from '../../src/core/text/sql.ts';
import { withDuckDb } from '../data/duckdb.ts';
import { featureColumnsSql } from '../data/feature-sql.ts';
import type { InferenceRequest } from './inference-messages.ts';

const REPEATED_ROWS = 64;

/** The features of rows `rowStart` to `rowEnd` (exclusive), row by row, as a model takes them. */
export async function readFeatureMatrix(request: InferenceRequest): Promise<Float32Array> {
  const { table, rowStart, rowEnd, columns, values } = request;
  const matrix = new Float32Array((rowEnd - rowStart) * columns);
  await withDuckDb({ threads: 1 }, async (duckdb) => {
    const result = await duckdb.stream(`
      SELECT ${featureColumnsSql().join(', ')}
      FROM read_parquet(${quoteText(table)}, file_row_number = true)
      WHERE file_row_number >= ${rowStart} AND file_row_number < ${rowEnd}`);
    let row = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      for (let column = 0; column < columns; column++)
        scatter(chunk.getColumnVector(column), chunk.rowCount, matrix, row * columns + column, columns);
      row += chunk.rowCount;
    }
    if (row !== rowEnd - rowStart) throw new Error(`${table} gave ${row} rows of ${rowStart} to ${rowEnd}.`);
  });
  if (values === 'random') randomise(matrix, columns, rowStart);
  if (values === 'repeated') repeat(matrix, REPEATED_ROWS * columns);
  return matrix;
}

/** Every `step`-th element of the matrix from `start` becomes the next value. */
function scatter(vector: unknown, rows: number, matrix: Float32Array, start: number, step: number): void {
  const { items } = vector as { readonly items: Float32Array };
  for (let row = 0, at = start; row < rows; row++, at += step) matrix[at] = items[row] ?? Number.NaN;
}

/** A row is random in all features at once: the worst that a branch predictor can meet. */
function randomise(matrix: Float32Array, columns: number, seed: number): void {
  let state = (seed + 1) | 0;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
  for (let column = 0; column < columns; column++) {
    let least = Number.POSITIVE_INFINITY;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let at = column; at < matrix.length; at += columns) {
      const value = matrix[at] ?? 0;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    for (let at = column; at < matrix.length; at += columns)
      matrix[at] = least + random() * (greatest - least);
  }
}

function repeat(matrix: Float32Array, length: number): void {
  for (let at = length; at < matrix.length; at += length)
    matrix.set(matrix.subarray(0, Math.min(length, matrix.length - at)), at);
}
