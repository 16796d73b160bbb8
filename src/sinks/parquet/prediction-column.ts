import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
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
import { allocateTensor, type TensorData } from '../../core/tensor-data.ts';
import { quoteName } from '../../core/text/sql.ts';

/**
 * Rows of one chunk. Always full ones: the bytes of the Parquet file depend on where chunks end, and must not
 * depend on the batch size or on where rejects lie.
 */
export const CHUNK_ROWS = 2048;

/** One for each value that a row has, named p0, p1 and so on. */
export function predictionColumns(bindings: readonly PredictionBinding[]): readonly PredictionColumn[] {
  return bindings.flatMap((binding) =>
    Array.from({ length: binding.width }, (_, offset) => new PredictionColumn(binding, offset)),
  );
}

/** The prediction columns of a part, where `from` has p0, p1 and so on. */
export function predictionList(bindings: readonly PredictionBinding[], from: string): readonly string[] {
  let index = 0;
  return bindings.flatMap(({ width, shape, columns }) => {
    const names = Array.from({ length: width }, () => `${from}.p${index++}`);
    if (shape === 'list') return [`[${names.join(', ')}] AS ${quoteName(columns[0] ?? '')}`];
    return columns.map((column, offset) => `${names[offset]} AS ${quoteName(column)}`);
  });
}

/** One value a row of one output: the values of up to one chunk. */
export class PredictionColumn {
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

  /** The first `rows` rows of an output, as the column has them; they may be the output's own memory. */
  valuesOf(output: TensorData, rows: number): ArrayBufferView | readonly string[] {
    const { width, elementType } = this.binding;
    if (width === 1 && elementType !== 'float16' && !Array.isArray(output)) return output.subarray(0, rows);
    this.copy(output, 0, rows, 0);
    const values = this.#values;
    return ArrayBuffer.isView(values)
      ? (values as Float32Array).subarray(0, rows)
      : (values as readonly string[]).slice(0, rows);
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
export function setBooleans(vector: DuckDBVector, values: Uint8Array, rows: number): void {
  // As with items: one by one takes 20 times as long.
  const { dataView } = vector as unknown as { dataView: DataView };
  new Uint8Array(dataView.buffer, dataView.byteOffset, rows).set(values.subarray(0, rows));
  vector.flush();
}

function valuesOf(type: ElementType): { [index: number]: unknown; readonly length: number } {
  return allocateTensor(type === 'float16' ? 'float32' : type, CHUNK_ROWS);
}

/** float16 is widened to float32: Parquet readers seldom know it. */
export function duckdbTypeOf(type: ElementType): DuckDBType {
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
