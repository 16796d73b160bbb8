import { type ChunkColumn, isAllValid, isValid } from '../../source/duckdb/chunk-stream.ts';

/** A row that cannot be scored: which required column is to blame, or what the model said. */
export interface InvalidRow {
  /** Among the shard's rows, from 0. */
  readonly position: number;
  /** Index into the required columns; null where the model failed. */
  readonly requiredColumn: number | null;
  readonly modelError: string | null;
}

/** The first required column that each row has no usable value in, or -1; null where all rows are good. */
export function findInvalid(columns: readonly ChunkColumn[], rows: number): Int32Array | null {
  let bad: Int32Array | null = null;
  columns.forEach((column, index) => {
    if (isAllValid(column, rows)) return;
    for (let row = 0; row < rows; row++) {
      if (isValid(column, row)) continue;
      bad ??= new Int32Array(rows).fill(-1);
      if (bad[row] === -1) bad[row] = index;
    }
  });
  return bad;
}
