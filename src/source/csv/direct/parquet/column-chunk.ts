import type { ColumnValues } from './column-values.ts';
import { ThriftWriter } from './thrift.ts';

/** Encodings of Parquet. */
export const ENCODING = { plain: 0, rle: 3, dictionary: 8 } as const;
const PAGE = { data: 0, dictionary: 2 } as const;

/** A column of one row group as it lies in a file. */
export interface ColumnChunk {
  /** Null ones included: as many as rows, unless it has lists. */
  readonly values: number;
  readonly bytes: number;
  /** Bytes of the page of the dictionary, which comes first; 0: there is none. */
  readonly dictionaryBytes: number;
}

/** The pages of a column of one row group: a dictionary or none, then one page of data. */
export function columnPages(column: ColumnValues): {
  readonly chunk: ColumnChunk;
  readonly pieces: readonly Uint8Array[];
} {
  const dictionary = hasDictionary(column) ? dictionaryPage(column) : [];
  const pieces = [...dictionary, ...dataPage(column)];
  return {
    chunk: { values: column.rows, bytes: lengthOf(pieces), dictionaryBytes: lengthOf(dictionary) },
    pieces,
  };
}

function hasDictionary({ kind, isDictionary }: ColumnValues): boolean {
  return isDictionary && kind.cell !== 'truth';
}

function dictionaryPage({ bytes, entries }: ColumnValues): readonly Uint8Array[] {
  const header = new ThriftWriter()
    .i32(1, PAGE.dictionary)
    .i32(2, bytes.length)
    .i32(3, bytes.length)
    .struct(7, (page) => page.i32(1, entries).i32(2, ENCODING.plain));
  return [header.end(), bytes];
}

function dataPage(column: ColumnValues): readonly Uint8Array[] {
  const encoding = hasDictionary(column) ? ENCODING.dictionary : ENCODING.plain;
  return pageOf(column.rows, encoding, [...levels(column), ...valuesOf(column)]);
}

/** A page of so many values, null ones included. */
export function pageOf(
  values: number,
  encoding: number,
  content: readonly Uint8Array[],
): readonly Uint8Array[] {
  const length = lengthOf(content);
  const header = new ThriftWriter()
    .i32(1, PAGE.data)
    .i32(2, length)
    .i32(3, length)
    .struct(5, (page) => page.i32(1, values).i32(2, encoding).i32(3, ENCODING.rle).i32(4, ENCODING.rle));
  return [header.end(), ...content];
}

/** Which rows have a value: one run where all have, otherwise a bit each. */
function levels({ rows, defined }: ColumnValues): readonly Uint8Array[] {
  return withLength(defined === null ? [sameLevels(rows, 1)] : bitPacked(defined, rows));
}

/** Levels of values, behind the number of their bytes. */
export function withLength(levels: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, lengthOf(levels), true);
  return [new Uint8Array(length.buffer), ...levels];
}

/** One level of a run of values. */
export function sameLevels(values: number, level: number): Uint8Array {
  return Uint8Array.from([...varint(values << 1), level]);
}

function valuesOf(column: ColumnValues): readonly Uint8Array[] {
  if (column.kind.cell === 'truth') return [truthBits(column)];
  if (!column.isDictionary) return [column.bytes];
  const { indices, count, entries } = column;
  // Of whole bytes: there is nothing to pack.
  const width = entries <= 0x100 ? 1 : 2;
  const padded = (count + 7) & ~7;
  indices.fill(0, count, padded);
  const bytes =
    width === 1 ? new Uint8Array(indices.subarray(0, padded)) : new Uint8Array(indices.buffer, 0, padded * 2);
  return [Uint8Array.of(width * 8), ...bitPacked(bytes, count)];
}

function truthBits({ count, indices, bytes }: ColumnValues): Uint8Array {
  const bits = new Uint8Array((count + 7) >> 3);
  const entries = new Int32Array(bytes.buffer);
  for (let value = 0; value < count; value++) {
    const bit = entries[indices[value] as number] as number;
    bits[value >> 3] = (bits[value >> 3] as number) | (bit << (value & 7));
  }
  return bits;
}

/** A single run of values, of which eight are a group. */
function bitPacked(bytes: Uint8Array, values: number): readonly Uint8Array[] {
  return [varint((((values + 7) >> 3) << 1) | 1), bytes];
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
