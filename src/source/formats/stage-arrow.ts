import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  DuckDBDecimalValue,
  type DuckDBType,
  type DuckDBValue,
  type DuckDBVector,
  FLOAT,
  INTEGER,
  SMALLINT,
  TIME,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TINYINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import {
  CompressionType,
  compressionRegistry,
  DataType,
  DateUnit,
  type Field,
  type RecordBatch,
  RecordBatchReader,
  type Schema,
  TimeUnit,
  type Vector,
} from 'apache-arrow';
import { decompress as decompressZstd } from 'fzstd';
import { decompressFrameSync } from 'lz4-napi';
import { ServeBatchError } from '../../core/errors.ts';
import type { Column, SourceFile } from '../../core/table.ts';
import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { fileRowsSql } from '../file-rows.ts';
import { readError } from '../read-error.ts';
import type { ArrowOptions } from './input-options.ts';
import { NO_MALFORMED_ROWS } from './malformed-row.ts';
import { describeFiles } from './parquet-input.ts';
import { copyToStaged, type StagedSelect } from './staged-copy.ts';
import { uniteColumns } from './unite-columns.ts';

// pandas and Polars write compressed buffers by default.
compressionRegistry.set(CompressionType.LZ4_FRAME, {
  decode: (data) => decompressFrameSync(Buffer.from(data)),
});
compressionRegistry.set(CompressionType.ZSTD, { decode: (data) => decompressZstd(data) });

const CHUNK_ROWS = 2048;
const STAGING_TABLE = 'arrow_rows';

/** How one Arrow column is held in DuckDB. */
interface ArrowColumn {
  readonly name: string;
  readonly type: DuckDBType;
  /** Reads one value that is not null; undefined where the bytes of both sides are the same. */
  readonly read?: (value: unknown) => DuckDBValue;
  /** Makes DuckDB's microseconds of Arrow's unit of time, where the two differ; null for a time between two of them. */
  readonly toMicros?: (time: bigint) => bigint | null;
}

/**
 * Copies Arrow IPC files (file or stream format) into one typed Parquet file, `target`, rows in order. Files
 * whose columns differ are joined as Parquet files are.
 */
export async function stageArrow(
  database: Database,
  sources: readonly SourceFile[],
  options: ArrowOptions,
  target: string,
): Promise<StagedSelect> {
  const [only, ...others] = sources;
  if (only !== undefined && others.length === 0) {
    const columns = await stageFile(database, only.path, options, target);
    return {
      columns: columns.map(({ name, type }) => ({ name, type: type.toString() })),
      malformed: NO_MALFORMED_ROWS,
    };
  }
  const copies = sources.map(({ path }, index) => ({ path, copy: `${target}.${index}` }));
  try {
    for (const { path, copy } of copies) await stageFile(database, path, options, copy);
    const columns = await joinCopies(database, copies, target);
    return { columns, malformed: NO_MALFORMED_ROWS };
  } finally {
    for (const { copy } of copies) await rm(copy, { force: true });
  }
}

async function stageFile(
  database: Database,
  path: string,
  options: ArrowOptions,
  target: string,
): Promise<readonly ArrowColumn[]> {
  const columns = await appendArrowFile(database, path, options);
  await copyToStaged(database, `SELECT * FROM ${STAGING_TABLE}`, target);
  await database.run(`DROP TABLE ${STAGING_TABLE}`);
  return columns;
}

async function joinCopies(
  database: Database,
  copies: readonly { readonly path: string; readonly copy: string }[],
  target: string,
): Promise<readonly Column[]> {
  const paths = new Map(copies.map(({ path, copy }) => [copy, path]));
  const { schemas, files } = await describeFiles(database, [...paths.keys()]);
  const columns = await uniteColumns(database, schemas, (copy) => paths.get(copy) ?? copy);
  const rows = files.reduce((sum, each) => sum + each.rows, 0);
  const input = { files, columns, hiveColumns: [], written: [] };
  const select = await fileRowsSql(database, input, { rowStart: 0, rowEnd: rows });
  // Without a row there is nothing to select from.
  await copyToStaged(
    database,
    rows === 0 ? `SELECT * FROM read_parquet(${quoteFiles([...paths.keys()])})` : select,
    target,
  );
  return columns;
}

async function openArrow(path: string, { acceptCut }: ArrowOptions): Promise<RecordBatchReader> {
  try {
    await assertWhole(path, acceptCut === true);
    const reader = await RecordBatchReader.from(createReadStream(path));
    await reader.open();
    if (reader.schema === undefined) throw new Error('it has no Arrow schema');
    return reader;
  } catch (error) {
    throw readError(error, path);
  }
}

/** The file format begins and ends with it. */
const MAGIC = Buffer.from('ARROW1');
/** Stands before each message of a stream, since version 0.15 of the format. */
const MARKER = Buffer.alloc(4, 0xff);
/** Ends a stream: a message of length zero. */
const NO_LENGTH = Buffer.alloc(4);

/** Throws for a file that was cut off: its reader would take the rows that are there for all. */
async function assertWhole(path: string, acceptCutStream: boolean): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = async (at: number, length: number): Promise<Buffer> => {
      const buffer = Buffer.alloc(Math.min(length, size));
      await file.read(buffer, 0, buffer.length, Math.max(0, at));
      return buffer;
    };
    const start = await bytes(0, MAGIC.length);
    const isFile = start.equals(MAGIC);
    const hasMarkers = start.subarray(0, MARKER.length).equals(MARKER);
    const end = isFile ? MAGIC : Buffer.concat([...(hasMarkers ? [MARKER] : []), NO_LENGTH]);
    if ((await bytes(size - end.length, end.length)).equals(end) || (acceptCutStream && !isFile)) return;
    throw new Error(
      isFile
        ? 'it is cut off: the footer of the Arrow file is missing. Write it again, and close the writer'
        : 'it is cut off: the end marker of the Arrow stream is missing. Write it again, and close the writer; or set input.arrow.acceptCut: true, which takes the whole batches that are there',
    );
  } finally {
    await file.close();
  }
}

async function appendArrowFile(
  database: Database,
  path: string,
  options: ArrowOptions,
): Promise<readonly ArrowColumn[]> {
  const reader = await openArrow(path, options);
  const columns = columnsOf(reader.schema, path);
  await createTable(database, columns);
  const appender = await database.connection.createAppender(STAGING_TABLE);
  try {
    for await (const batch of reader) appendBatch(appender, columns, batch);
  } catch (error) {
    if (!(options.acceptCut === true && isCut(error))) throw readError(error, path);
  } finally {
    appender.closeSync();
  }
  return columns;
}

/** What apache-arrow says of a message whose end is missing. */
function isCut(error: unknown): boolean {
  return error instanceof Error && /^Expected to read \d+ (?:metadata )?bytes/.test(error.message);
}

function appendBatch(appender: DuckDBAppender, columns: readonly ArrowColumn[], batch: RecordBatch): void {
  const types = columns.map(({ type }) => type);
  const vectors = columns.map((_, index) => batch.getChildAt(index));
  for (let start = 0; start < batch.numRows; start += CHUNK_ROWS) {
    const rows = Math.min(CHUNK_ROWS, batch.numRows - start);
    const chunk = DuckDBDataChunk.create([...types], rows);
    columns.forEach((column, index) => {
      fillVector(chunk, index, column, vectors[index] ?? null, start, rows);
    });
    appender.appendDataChunk(chunk);
  }
}

async function createTable(database: Database, columns: readonly ArrowColumn[]): Promise<void> {
  const list = columns.map(({ name, type }) => `${quoteName(name)} ${type.toString()}`).join(', ');
  await database.run(`CREATE OR REPLACE TEMP TABLE ${STAGING_TABLE} (${list})`);
}

function fillVector(
  chunk: DuckDBDataChunk,
  index: number,
  column: ArrowColumn,
  source: Vector | null,
  start: number,
  rows: number,
): void {
  const vector = chunk.getColumnVector(index);
  const raw: unknown = source?.data.length === 1 ? source.data[0]?.values : undefined;
  if (column.toMicros !== undefined) convertTimes(vector, raw, start, rows, column, source);
  else if (column.read === undefined) copyItems(vector, raw, start, rows);
  const { read } = column;
  for (let row = 0; row < rows; row++) {
    const valid = source?.isValid(start + row) ?? false;
    if (!valid) vector.setItem(row, null);
    else if (read !== undefined) vector.setItem(row, read(source?.get(start + row)));
  }
  vector.flush();
}

/** The values of both sides are the same bytes: days, microseconds, numbers of one width. */
function copyItems(vector: DuckDBVector, raw: unknown, start: number, rows: number): void {
  const items = (vector as unknown as { items: Float64Array }).items;
  if (!ArrayBuffer.isView(raw) || raw.constructor !== items.constructor)
    throw new TypeError(`Arrow holds ${String(raw)} where ${vector.type} was expected`);
  items.set((raw as Float64Array).subarray(start, start + rows));
}

function convertTimes(
  vector: DuckDBVector,
  raw: unknown,
  start: number,
  rows: number,
  { name, toMicros = (time) => time }: ArrowColumn,
  source: Vector | null,
): void {
  const { items } = vector as unknown as { items: BigInt64Array };
  const times = raw as BigInt64Array;
  for (let row = 0; row < rows; row++) {
    const micros = toMicros(times[start + row] ?? 0n);
    if (micros === null && source?.isValid(start + row) === true)
      throw beyondMicros(name, times[start + row]);
    items[row] = micros ?? 0n;
  }
}

function beyondMicros(name: string, time: bigint | undefined): ServeBatchError {
  return new ServeBatchError(
    'SCHEMA_MISMATCH',
    `Column "${name}" holds the instant ${time} (nanoseconds since 1970), and instants with a time zone are kept in microseconds. Round the column to microseconds where it is written, or write it without a time zone.`,
    { fields: { column: name } },
  );
}

function columnsOf(schema: Schema, path: string): ArrowColumn[] {
  return schema.fields.map((field) => {
    const column = arrowColumn(field, field.type);
    if (column !== undefined) return column;
    throw new ServeBatchError(
      'INPUT_UNREADABLE',
      `Column "${field.name}" of ${path} is ${field.type}; expected numbers, booleans, text, dates, times or decimals. Leave the column out, or write the table as Parquet.`,
      { fields: { file: path, column: field.name } },
    );
  });
}

function arrowColumn({ name }: Field, type: DataType): ArrowColumn | undefined {
  if (DataType.isInt(type)) return { name, type: intType(type.bitWidth, type.isSigned) };
  if (DataType.isFloat(type)) return floatColumn(name, type.precision);
  if (DataType.isBool(type)) return { name, type: BOOLEAN, read: (value) => value === true };
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type))
    return { name, type: VARCHAR, read: String };
  if (DataType.isDate(type)) return dateColumn(name, type.unit);
  if (DataType.isTimestamp(type)) return timestampColumn(name, type.unit, type.timezone);
  if (DataType.isTime(type) && type.unit === TimeUnit.MICROSECOND) return { name, type: TIME };
  if (DataType.isDecimal(type) && type.precision <= 38)
    return decimalColumn(name, type.precision, type.scale);
  if (DataType.isDictionary(type)) {
    const inner = arrowColumn({ name } as Field, type.dictionary);
    return inner?.type === VARCHAR ? inner : undefined;
  }
  if (DataType.isNull(type)) return { name, type: VARCHAR, read: () => null };
  return undefined;
}

function intType(bits: number, signed: boolean): DuckDBType {
  if (bits === 8) return signed ? TINYINT : UTINYINT;
  if (bits === 16) return signed ? SMALLINT : USMALLINT;
  if (bits === 32) return signed ? INTEGER : UINTEGER;
  return signed ? BIGINT : UBIGINT;
}

function floatColumn(name: string, precision: number): ArrowColumn {
  if (precision === 0) return { name, type: FLOAT, read: Number };
  return { name, type: precision === 1 ? FLOAT : DOUBLE };
}

function dateColumn(name: string, unit: DateUnit): ArrowColumn {
  if (unit === DateUnit.DAY) return { name, type: DATE };
  return { name, type: TIMESTAMP_MS };
}

const TO_MICROS: Readonly<Record<TimeUnit, Pick<ArrowColumn, 'toMicros'>>> = {
  [TimeUnit.SECOND]: { toMicros: (seconds) => seconds * 1_000_000n },
  [TimeUnit.MILLISECOND]: { toMicros: (millis) => millis * 1000n },
  [TimeUnit.MICROSECOND]: {},
  [TimeUnit.NANOSECOND]: { toMicros: (nanos) => (nanos % 1000n === 0n ? nanos / 1000n : null) },
};

function timestampColumn(name: string, unit: TimeUnit, timezone: string | null | undefined): ArrowColumn {
  // DuckDB holds instants with a time zone in microseconds only; pandas has them in nanoseconds.
  if (timezone) return { name, type: TIMESTAMPTZ, ...TO_MICROS[unit] };
  return { name, type: [TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP, TIMESTAMP_NS][unit] ?? TIMESTAMP };
}

function decimalColumn(name: string, width: number, scale: number): ArrowColumn {
  return {
    name,
    type: DECIMAL(width, scale),
    read: (value) => new DuckDBDecimalValue(decimalOf(value), width, scale),
  };
}

/** Arrow's 128-bit decimals are four little-endian 32-bit words, in two's complement. */
function decimalOf(value: unknown): bigint {
  const words = value as Uint32Array;
  let result = 0n;
  for (let index = words.length - 1; index >= 0; index--)
    result = (result << 32n) | BigInt(words[index] ?? 0);
  return BigInt.asIntN(words.length * 32, result);
}
