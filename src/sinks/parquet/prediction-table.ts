import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  type DuckDBVector,
  FLOAT,
  INTEGER,
  SMALLINT,
  TINYINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import { getFloat16 } from '@petamoriken/float16';
import type { ElementType } from '../../core/model.ts';
import type { PredictionBinding } from '../../core/plan.ts';
import { quoteName } from '../../core/sql.ts';
import { allocateTensor, type TensorData } from '../../core/tensor-data.ts';
import type { Database } from '../../source/database.ts';

/**
 * Rows of one append. Always full chunks: the bytes of the Parquet file depend on where chunks end, and
 * must not depend on the batch size or on where rejects lie.
 */
const CHUNK_ROWS = 2048;
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
    const columns = bindings.flatMap((binding) =>
      Array.from({ length: binding.width }, (_, offset) => new PredictionColumn(binding, offset)),
    );
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
  selectList(): string[] {
    let index = 0;
    return this.#bindings.flatMap(({ width, shape, columns }) => {
      const names = Array.from({ length: width }, () => `${TABLE}.p${index++}`);
      if (shape === 'list') return [`[${names.join(', ')}] AS ${quoteName(columns[0] ?? '')}`];
      return columns.map((column, offset) => `${names[offset]} AS ${quoteName(column)}`);
    });
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

/** One value a row of one output: the values of up to one chunk. */
class PredictionColumn {
  readonly binding: PredictionBinding;
  readonly type: DuckDBType;
  readonly #offset: number;
  readonly #values: { [index: number]: unknown; readonly length: number };

  constructor(binding: PredictionBinding, offset: number) {
    this.binding = binding;
    this.#offset = offset;
    this.type = duckdbTypeOf(binding.elementType);
    this.#values = valuesOf(binding.elementType);
  }

  copy(output: TensorData, rowStart: number, rows: number, target: number): void {
    const { width, elementType } = this.binding;
    const values = this.#values;
    let source = rowStart * width + this.#offset;
    if (elementType === 'float16') {
      const bits = output as Uint16Array;
      const view = new DataView(bits.buffer, bits.byteOffset, bits.byteLength);
      for (let row = 0; row < rows; row++, source += width)
        values[target + row] = getFloat16(view, source * 2, true);
    } else if (values instanceof Float32Array && output instanceof Float32Array) {
      for (let row = 0; row < rows; row++, source += width) values[target + row] = output[source] as number;
    } else for (let row = 0; row < rows; row++, source += width) values[target + row] = output[source];
  }

  clear(from: number, rows: number): void {
    const zero = this.#values instanceof BigInt64Array || this.#values instanceof BigUint64Array ? 0n : 0;
    for (let row = from; row < from + rows; row++)
      this.#values[row] = this.binding.elementType === 'string' ? '' : zero;
  }

  flush(vector: DuckDBVector, rows: number): void {
    const values = this.#values;
    if (this.binding.elementType === 'bool') {
      setBooleans(vector, values as Uint8Array, rows);
      return;
    }
    // The typings keep the array private; setting it whole is 20 times faster than item by item.
    const { items } = vector as unknown as { items?: { set(values: unknown): void } };
    if (items !== undefined && ArrayBuffer.isView(values))
      items.set((values as Float32Array).subarray(0, rows));
    else for (let row = 0; row < rows; row++) vector.setItem(row, values[row] as DuckDBValue);
    vector.flush();
  }
}

/** `values`: 1 or 0. */
function setBooleans(vector: DuckDBVector, values: Uint8Array, rows: number): void {
  // As with items: one by one takes 20 times as long.
  const { dataView } = vector as unknown as { dataView: DataView };
  new Uint8Array(dataView.buffer, dataView.byteOffset, rows).set(values.subarray(0, rows));
  vector.flush();
}

/** float16 is widened to float32: Parquet readers seldom know it. */
function valuesOf(type: ElementType): { [index: number]: unknown; readonly length: number } {
  return allocateTensor(type === 'float16' ? 'float32' : type, CHUNK_ROWS);
}

function duckdbTypeOf(type: ElementType): DuckDBType {
  const types: Readonly<Record<ElementType, DuckDBType>> = {
    float32: FLOAT,
    float16: FLOAT,
    float64: DOUBLE,
    int8: TINYINT,
    uint8: UTINYINT,
    int16: SMALLINT,
    uint16: USMALLINT,
    int32: INTEGER,
    uint32: UINTEGER,
    int64: BIGINT,
    uint64: UBIGINT,
    bool: BOOLEAN,
    string: VARCHAR,
  };
  return types[type];
}
