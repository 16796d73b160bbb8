import type { ElementType } from './model.ts';

/** The values of a tensor in row-major order. float16 is held as its 16 bits. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

/** An array for `length` values of a type. Booleans are bytes, 0 or 1. */
export function allocateTensor(type: ElementType, length: number): TensorData {
  switch (type) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'uint16':
    case 'float16':
      return new Uint16Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'uint32':
      return new Uint32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'uint64':
      return new BigUint64Array(length);
    case 'string':
      return new Array<string>(length).fill('');
  }
}

/** Bytes of one value. A text is taken for 64: what matters is the order of magnitude. */
export function bytesOf(type: ElementType): number {
  return type === 'string' ? 64 : (allocateTensor(type, 0) as Float32Array).BYTES_PER_ELEMENT;
}

/** The DuckDB type that holds a tensor's element type without loss; float16 travels as FLOAT. */
export function sqlTypeOf(type: ElementType): string {
  switch (type) {
    case 'float32':
    case 'float16':
      return 'FLOAT';
    case 'float64':
      return 'DOUBLE';
    case 'int8':
      return 'TINYINT';
    case 'uint8':
      return 'UTINYINT';
    case 'int16':
      return 'SMALLINT';
    case 'uint16':
      return 'USMALLINT';
    case 'int32':
      return 'INTEGER';
    case 'uint32':
      return 'UINTEGER';
    case 'int64':
      return 'BIGINT';
    case 'uint64':
      return 'UBIGINT';
    case 'bool':
      return 'BOOLEAN';
    case 'string':
      return 'VARCHAR';
  }
}
