import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import { FOREIGN_MEMORY } from '../../core/machine/foreign-memory.ts';
import type { Database } from './database.ts';

/** Up to 2,048 rows as DuckDB hands them over: the arrays are DuckDB's own memory, valid for one step. */
export interface Chunk {
  readonly rows: number;
  readonly columns: readonly ChunkColumn[];
}

export interface ChunkColumn {
  readonly values: ArrayLike<number> | ArrayLike<bigint> | ArrayLike<string>;
  /** One bit a row, 1 where there is a value; null where every row has one. */
  readonly validity: BigUint64Array | null;
}

/** Streams a SELECT of numbers, booleans and text in chunks. Throws what DuckDB throws. */
export async function* streamChunks(database: Database, sql: string): AsyncGenerator<Chunk> {
  for await (const vectors of streamVectors(database, sql)) yield asChunk(vectors);
}

/** The arrays of a chunk that DuckDB handed over. */
export function asChunk({ rows, vectors }: Vectors): Chunk {
  return { rows, columns: vectors.map((vector) => readColumn(vector, rows)) };
}

/** A chunk as DuckDB keeps it, for those who read its memory themselves. */
export interface Vectors {
  readonly rows: number;
  readonly vectors: readonly DuckDBVector[];
}

/** Streams a SELECT in chunks of up to 2,048 rows. */
export async function* streamVectors(database: Database, sql: string): AsyncGenerator<Vectors> {
  const result = await database.connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield { rows: chunk.rowCount, vectors: vectorsOf(chunk) };
  }
}

/**
 * The whole result of a SELECT, which can be gone through several times. To stream a chunk takes as long as to make it:
 * two threads wake each other. So this is faster even once, but all rows are in memory.
 */
export async function holdVectors(database: Database, sql: string): Promise<Iterable<Vectors>> {
  const result = await database.connection.run(sql);
  return {
    *[Symbol.iterator]() {
      for (let index = 0; index < result.chunkCount; index++) {
        const chunk = result.getChunk(index);
        const vectors = vectorsOf(chunk);
        FOREIGN_MEMORY.note(bytesOf(vectors));
        yield { rows: chunk.rowCount, vectors };
      }
    },
  };
}

function vectorsOf(chunk: DuckDBDataChunk): readonly DuckDBVector[] {
  return Array.from({ length: chunk.columnCount }, (_, index) => chunk.getColumnVector(index));
}

/** Without texts that are too long for a vector. */
function bytesOf(vectors: readonly DuckDBVector[]): number {
  return vectors.reduce((sum, vector) => {
    const { items, dataView } = vector as unknown as VectorInternals;
    return sum + ((items ?? dataView)?.byteLength ?? 0);
  }, 0);
}

export function isValid(column: Pick<ChunkColumn, 'validity'>, row: number): boolean {
  if (column.validity === null) return true;
  const word = column.validity[row >> 6] ?? 0n;
  return ((word >> BigInt(row & 63)) & 1n) === 1n;
}

const ALL_VALID = 0xffff_ffff_ffff_ffffn;

/** Whether every row has a value. What stands in the bits behind the last row does not count. */
export function isAllValid({ validity }: Pick<ChunkColumn, 'validity'>, rows: number): boolean {
  if (validity === null) return true;
  const whole = rows >> 6;
  for (let word = 0; word < whole; word++) if (validity[word] !== ALL_VALID) return false;
  for (let row = whole << 6; row < rows; row++) if (!isValid({ validity }, row)) return false;
  return true;
}

/** The typings keep the arrays private; reading them is what makes a chunk cost microseconds and not milliseconds. */
export interface VectorInternals {
  readonly items?: (ArrayLike<number> | ArrayLike<bigint>) & ArrayBufferView;
  readonly dataView?: DataView;
  readonly validity?: { readonly data: BigUint64Array | null };
}

/** The arrays of a vector that DuckDB handed over. */
export function readColumn(vector: DuckDBVector, rows: number): ChunkColumn {
  const { items, dataView, validity } = vector as unknown as VectorInternals;
  const bits = validity?.data ?? null;
  if (items !== undefined) return { values: items, validity: bits };
  if (vector.type.toString() === 'BOOLEAN' && dataView !== undefined)
    return { values: new Uint8Array(dataView.buffer, dataView.byteOffset, rows), validity: bits };
  return { values: readTexts(vector, rows, dataView), validity: bits };
}

/** Bytes that DuckDB takes for a text in a vector: its length, its first four bytes, and the rest or where it lies. */
const TEXT_BYTES = 16;
const BYTE_ORDER_MARK = { text: '\uFEFF', bytes: 3, prefix: 0xbfbbef, mask: 0xffffff };

/** DuckDB's package drops a byte order mark at the beginning of a text, though it is one of its characters there. */
function readTexts(vector: DuckDBVector, rows: number, dataView: DataView | undefined): string[] {
  const { text, bytes, prefix, mask } = BYTE_ORDER_MARK;
  const texts = new Array<string>(rows);
  for (let row = 0; row < rows; row++) {
    const read = vector.getItem(row) as string | null;
    const at = row * TEXT_BYTES;
    const isCut =
      read !== null &&
      dataView !== undefined &&
      dataView.getUint32(at, true) >= bytes &&
      (dataView.getUint32(at + 4, true) & mask) === prefix;
    texts[row] = isCut ? `${text}${read}` : (read ?? '');
  }
  return texts;
}
