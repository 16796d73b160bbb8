import { BOOLEAN, type DuckDBAppender, DuckDBDataChunk } from '@duckdb/node-api';
import type { PredictionBinding } from '../../core/plan.ts';
import type { TensorData } from '../../core/tensor-data.ts';
import type { Database } from '../../source/duckdb/database.ts';
import {
  CHUNK_ROWS,
  type PredictionColumn,
  predictionColumns,
  predictionList,
  setBooleans,
} from './prediction-column.ts';

// Named so that no table of features.tables is called the same.
const TABLE = 'serve_batch_predictions';

/**
 * The predictions of one shard, one row an input row in the same order, in a DuckDB table. Rejected
 * rows are in it too, marked as such, so that it can be laid beside the input row by row.
 */
export class PredictionTable {
  readonly #database: Database;
  readonly #appender: DuckDBAppender;
  readonly #chunk: DuckDBDataChunk;
  readonly #columns: readonly PredictionColumn[];
  readonly #bindings: readonly PredictionBinding[];
  readonly #scored = new Uint8Array(CHUNK_ROWS);
  #fill = 0;
  #rows = 0;
  #hasRejected = false;

  private constructor(
    database: Database,
    appender: DuckDBAppender,
    bindings: readonly PredictionBinding[],
    columns: readonly PredictionColumn[],
  ) {
    this.#database = database;
    this.#appender = appender;
    this.#bindings = bindings;
    this.#columns = columns;
    this.#chunk = DuckDBDataChunk.create([...columns.map(({ type }) => type), BOOLEAN], CHUNK_ROWS);
  }

  static async create(database: Database, bindings: readonly PredictionBinding[]): Promise<PredictionTable> {
    const columns = predictionColumns(bindings);
    const list = columns.map((column, index) => `p${index} ${column.type}`);
    await database.run(`CREATE OR REPLACE TABLE ${TABLE} (${[...list, 'scored BOOLEAN'].join(', ')})`);
    const appender = await database.appendConnection.createAppender(TABLE);
    return new PredictionTable(database, appender, bindings, columns);
  }

  /** Whether any row is one of the rejected. */
  get hasRejected(): boolean {
    return this.#hasRejected;
  }

  /** Rows appended so far, the rejected ones included. */
  get rows(): number {
    return this.#rows;
  }

  /** Appends rows `from` to `to` (exclusive) of one call's outputs, in the order of the bindings. */
  appendScored(outputs: readonly TensorData[], from: number, to: number): void {
    for (let row = from; row < to; ) {
      const rows = Math.min(to - row, CHUNK_ROWS - this.#fill);
      for (const column of this.#columns) {
        const output = outputs[this.#bindings.indexOf(column.binding)];
        if (output !== undefined) column.copy(output, row, rows, this.#fill);
      }
      this.#scored.fill(1, this.#fill, this.#fill + rows);
      this.#advance(rows);
      row += rows;
    }
  }

  appendRejected(count: number): void {
    this.#hasRejected ||= count > 0;
    for (let left = count; left > 0; ) {
      const rows = Math.min(left, CHUNK_ROWS - this.#fill);
      for (const column of this.#columns) column.clear(this.#fill, rows);
      this.#scored.fill(0, this.#fill, this.#fill + rows);
      this.#advance(rows);
      left -= rows;
    }
  }

  /** Ends appending. */
  close(): void {
    if (this.#fill > 0) this.#flush();
    this.#appender.closeSync();
  }

  async drop(): Promise<void> {
    await this.#database.run(`DROP TABLE IF EXISTS ${TABLE}`);
  }

  /** The prediction columns of a part, for a SELECT from the table under its own name. */
  selectList(): readonly string[] {
    return predictionList(this.#bindings, TABLE);
  }

  get tableName(): string {
    return TABLE;
  }

  #advance(rows: number): void {
    this.#fill += rows;
    this.#rows += rows;
    if (this.#fill === CHUNK_ROWS) this.#flush();
  }

  #flush(): void {
    this.#chunk.rowCount = this.#fill;
    this.#columns.forEach((column, index) => {
      column.flush(this.#chunk.getColumnVector(index), this.#fill);
    });
    setBooleans(this.#chunk.getColumnVector(this.#columns.length), this.#scored, this.#fill);
    this.#appender.appendDataChunk(this.#chunk);
    this.#chunk.reset();
    this.#fill = 0;
  }
}
