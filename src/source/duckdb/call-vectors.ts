import { type DuckDBType, DuckDBVector, DuckDBTypeId as Id } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { type Chunk, type ChunkColumn, readColumn } from './chunk-stream.ts';

/** An array over the memory of a vector. Booleans are bytes. */
interface NumbersOf {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ChunkColumn['values'];
  readonly BYTES_PER_ELEMENT: number;
}

const NUMBERS: ReadonlyMap<Id, NumbersOf> = new Map<Id, NumbersOf>([
  [Id.BOOLEAN, Uint8Array],
  [Id.TINYINT, Int8Array],
  [Id.UTINYINT, Uint8Array],
  [Id.SMALLINT, Int16Array],
  [Id.USMALLINT, Uint16Array],
  [Id.INTEGER, Int32Array],
  [Id.UINTEGER, Uint32Array],
  [Id.BIGINT, BigInt64Array],
  [Id.UBIGINT, BigUint64Array],
  [Id.FLOAT, Float32Array],
  [Id.DOUBLE, Float64Array],
]);

const WORD_BYTES = 8;

/**
 * The arguments of a call. Their types are known, so that they are read without the vectors of DuckDB's package: to
 * make those anew for each call, and to ask for the type of each, took as long as a small network does.
 */
export function readArguments(handle: duckdb.DataChunk, types: readonly DuckDBType[]): Chunk {
  const rows = duckdb.data_chunk_get_size(handle);
  const columns = types.map((type, index) => {
    const vector = duckdb.data_chunk_get_vector(handle, index);
    const numbers = NUMBERS.get(type.typeId);
    return numbers === undefined
      ? readColumn(DuckDBVector.create(vector, rows, type), rows)
      : readNumbers(vector, numbers, rows);
  });
  return { rows, columns };
}

function readNumbers(vector: duckdb.Vector, numbers: NumbersOf, rows: number): ChunkColumn {
  const data = duckdb.vector_get_data(vector, rows * numbers.BYTES_PER_ELEMENT);
  const words = Math.ceil(rows / 64);
  const bits: Uint8Array | null = duckdb.vector_get_validity(vector, words * WORD_BYTES) ?? null;
  return {
    values: new numbers(data.buffer, data.byteOffset, rows),
    validity: bits === null ? null : new BigUint64Array(bits.buffer, bits.byteOffset, words),
  };
}

/** The STRUCT that a call gives: each field is set whole, and none of its values is null. */
export class AnswerFields {
  readonly #struct: duckdb.Vector;

  constructor(struct: duckdb.Vector) {
    this.#struct = struct;
  }

  /** Numbers are of the field's type, booleans bytes: 0 or 1. */
  set(field: number, values: ArrayBufferView | readonly string[]): void {
    const vector = duckdb.struct_vector_get_child(this.#struct, field);
    if (ArrayBuffer.isView(values)) {
      const { buffer, byteOffset, byteLength } = values;
      duckdb.copy_data_to_vector(vector, 0, buffer as ArrayBuffer, byteOffset, byteLength);
    } else
      values.forEach((text, row) => {
        duckdb.vector_assign_string_element(vector, row, text);
      });
  }
}
