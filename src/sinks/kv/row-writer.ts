import type { DuckDBVector } from '@duckdb/node-api';
import type { KvBatch } from '../../kv/store.ts';

/** Rows that DuckDB hands over at once, at most. */
export const CHUNK_ROWS = 2_048;
/** A store may do much for each batch: LMDB one transaction. */
const ROWS_PER_BATCH = 16_384;
/** Rows of a batch that has become full with its last chunk. */
export const MOST_ROWS = ROWS_PER_BATCH + CHUNK_ROWS;

/** Puts the rows of chunks together as a batch. */
export interface RowWriter {
  /** Of the batch so far. */
  readonly rows: number;
  /** Whether it has no room for another chunk. */
  readonly isFull: boolean;
  /** Appends a chunk. False, with nothing written, where it has values that this writer does not take. */
  write(vectors: readonly DuckDBVector[], rows: number): boolean;
  /** Valid until {@link clear}. */
  batch(): KvBatch;
  clear(): void;
}
