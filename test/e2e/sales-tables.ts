import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  CompressionType,
  compressionRegistry,
  DateDay,
  Dictionary,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  Table,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { parse } from 'csv-parse/sync';
import { decompress } from 'fzstd';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { REPOSITORY } from '../support/cli.ts';

const CSV = join(REPOSITORY, 'fixtures/sales.csv');
const PARQUET = join(REPOSITORY, 'fixtures/sales.parquet');

/** What `--input` is given, and standard input where that is `-`. */
export interface InputForm {
  readonly input: string;
  readonly stdin?: Uint8Array;
}

/** The 7,000 rows of sales.parquet in every form that can be read, written into a folder. */
export async function writeSalesTables(folder: string): Promise<Record<string, InputForm>> {
  const at = (name: string): string => join(folder, name);
  const csv = await readFile(CSV);
  await writeFile(at('sales.csv.gz'), gzipSync(csv));
  await writeFile(at('sales.tsv'), csv.toString('utf8').replaceAll(',', '\t'));
  await mkdir(at('days'));
  const rows = `(SELECT * FROM read_parquet('${PARQUET}'))`;
  await runSql([
    `COPY ${rows} TO '${at('sales.jsonl')}' (FORMAT json)`,
    `COPY ${rows} TO '${at('by-store')}' (FORMAT parquet, PARTITION_BY (store))`,
    ...[21, 22, 23, 24, 25, 26, 27].map(
      (day) =>
        `COPY (FROM ${rows} WHERE date = DATE '2026-11-${day}') TO '${at(`days/sales-${day}.parquet`)}' (FORMAT parquet)`,
    ),
  ]);
  await writeArrowFiles(at, csv);
  return {
    Parquet: { input: PARQUET },
    CSV: { input: CSV },
    'CSV.gz': { input: at('sales.csv.gz') },
    'Arrow (file format)': { input: at('sales.arrow') },
    'Arrow (stream format)': { input: at('sales.arrows') },
    'Arrow with LZ4': { input: at('sales-lz4.feather') },
    'Arrow with ZSTD': { input: at('sales-zstd.arrow') },
    TSV: { input: at('sales.tsv') },
    'JSON lines': { input: at('sales.jsonl') },
    'CSV on standard input': { input: '-', stdin: csv },
    'a glob over a file a day': { input: at('days/sales-*.parquet') },
    'a folder with Hive partitions': { input: at('by-store') },
  };
}

/** Runs statements in a DuckDB of its own. */
export async function runSql(statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    for (const sql of statements) await connection.run(sql);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function writeArrowFiles(at: (name: string) => string, csv: Buffer): Promise<void> {
  compressionRegistry.set(CompressionType.LZ4_FRAME, {
    encode: (data) => compressFrameSync(Buffer.from(data)),
    decode: (data) => decompressFrameSync(Buffer.from(data)),
  });
  compressionRegistry.set(CompressionType.ZSTD, { encode: zstdFrame, decode: (data) => decompress(data) });
  const table = arrowTable(csv);
  const write = async (
    name: string,
    writer: RecordBatchFileWriter | RecordBatchStreamWriter,
  ): Promise<void> => {
    writer.writeAll(table.batches);
    await writeFile(at(name), writer.finish().toUint8Array(true));
  };
  await write('sales.arrow', new RecordBatchFileWriter());
  await write('sales.arrows', new RecordBatchStreamWriter());
  // Compression is for record batches; Polars and pandas write LZ4 by default.
  await write('sales-lz4.feather', new RecordBatchFileWriter({ compressionType: CompressionType.LZ4_FRAME }));
  await write('sales-zstd.arrow', new RecordBatchFileWriter({ compressionType: CompressionType.ZSTD }));
}

/** The table with a type of each kind that matters: narrow integers, 64 bits, floats, dates, text both ways. */
function arrowTable(csv: Buffer): Table {
  const rows: Record<string, string>[] = parse(csv, { columns: true });
  const column = (name: string): string[] => rows.map((row) => row[name] ?? '');
  const numbers = (name: string): number[] => column(name).map(Number);
  return new Table({
    store: vectorFromArray(numbers('store'), new Int32()),
    product: vectorFromArray(column('product').map(BigInt), new Int64()),
    date: vectorFromArray(
      column('date').map((text) => new Date(`${text}T00:00:00Z`)),
      new DateDay(),
    ),
    price: vectorFromArray(numbers('price'), new Float64()),
    discount: vectorFromArray(numbers('discount'), new Float32()),
    day_of_week: vectorFromArray(numbers('day_of_week'), new Int8()),
    month: vectorFromArray(numbers('month'), new Int8()),
    size_sqm: vectorFromArray(numbers('size_sqm'), new Int32()),
    lag_7: vectorFromArray(numbers('lag_7'), new Float64()),
    lag_14: vectorFromArray(numbers('lag_14'), new Float64()),
    mean_28: vectorFromArray(numbers('mean_28'), new Float64()),
    region: vectorFromArray(column('region'), new Dictionary(new Utf8(), new Int32())),
    category: vectorFromArray(column('category'), new Utf8()),
  });
}

const LARGEST_BLOCK = 128 * 1024;
const SHORTEST_RUN = 16;
const RAW = 0;
const RLE = 1;

/**
 * A Zstandard frame (RFC 8878) of raw blocks and of runs of one byte: Node 20 has no encoder, and a
 * decoder cannot tell. Columns of one value become small; Arrow writes others as they are.
 */
function zstdFrame(data: Uint8Array): Uint8Array {
  // Frame_Header_Descriptor: single segment, content size in 4 bytes.
  const header = Buffer.alloc(9);
  header.writeUInt32LE(0xfd2fb528, 0);
  header.writeUInt8(0b1010_0000, 4);
  header.writeUInt32LE(data.length, 5);
  const pieces: Uint8Array[] = [header];
  let rawStart = 0;
  for (let start = 0; start < data.length; ) {
    const end = endOfRun(data, start);
    if (end - start >= SHORTEST_RUN) {
      if (start > rawStart) pieces.push(blockHeader(RAW, start - rawStart), data.subarray(rawStart, start));
      pieces.push(blockHeader(RLE, end - start), data.subarray(start, start + 1));
      rawStart = end;
    } else if (end - rawStart >= LARGEST_BLOCK / 2) {
      pieces.push(blockHeader(RAW, end - rawStart), data.subarray(rawStart, end));
      rawStart = end;
    }
    start = end;
  }
  pieces.push(blockHeader(RAW, data.length - rawStart, true), data.subarray(rawStart));
  return Buffer.concat(pieces);
}

function endOfRun(data: Uint8Array, start: number): number {
  let end = start + 1;
  while (end < data.length && data[end] === data[start] && end - start < LARGEST_BLOCK) end++;
  return end;
}

function blockHeader(type: number, size: number, isLast = false): Buffer {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntLE((size << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return bytes;
}
