import type { DuckDBVector } from '@duckdb/node-api';
import type { KvBatch } from '../../kv/store.ts';
import { KvBatchBuilder } from './kv-batch-builder.ts';
import type { KvTexts } from './kv-texts.ts';
import { CHUNK_ROWS, MOST_ROWS, type RowWriter } from './row-writer.ts';
import { type TextColumn, textColumn } from './text-column.ts';
import { TextWriter } from './text-writer.ts';

/** Rows with any values. */
export class PlainRows implements RowWriter {
  readonly #columns: readonly TextColumn[];
  readonly #key: TextWriter;
  readonly #field: TextWriter | null;
  readonly #value: TextWriter;
  readonly #builder: KvBatchBuilder;

  constructor({ columns, key, field, value }: KvTexts) {
    this.#columns = columns.map(({ kind, nonFinite }) => textColumn(kind, nonFinite));
    this.#key = new TextWriter(key, this.#columns);
    this.#field = field === null ? null : new TextWriter(field, this.#columns);
    this.#value = new TextWriter(value, this.#columns);
    this.#builder = new KvBatchBuilder(MOST_ROWS, field !== null);
  }

  get rows(): number {
    return this.#builder.rows;
  }

  get isFull(): boolean {
    return this.#builder.rows > MOST_ROWS - CHUNK_ROWS;
  }

  write(vectors: readonly DuckDBVector[], rows: number): true {
    const [builder, key, field, value] = [this.#builder, this.#key, this.#field, this.#value];
    const { bytes } = builder;
    this.#columns.forEach((column, index) => {
      const vector = vectors[index];
      if (vector !== undefined) column.load(vector, rows);
    });
    for (let row = 0; row < rows; row++) {
      if (row === 0 || !key.isRepeated(row)) builder.endKey(key.write(bytes, row));
      const fieldSize = field === null ? 0 : field.write(bytes, row);
      builder.endRow(fieldSize, value.write(bytes, row));
    }
    return true;
  }

  batch(): KvBatch {
    return this.#builder.batch();
  }

  clear(): void {
    this.#builder.clear();
  }
}
