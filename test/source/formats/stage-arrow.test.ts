import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { decompress } from 'fzstd';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedInput } from '../../../src/core/table.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { rowsSql } from '../../../src/source/shard-relation.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';
import { resolveTable } from '../../support/resolve-table.ts';

type Columns = Readonly<Record<string, arrow.Vector>>;

let database: Database;
let folder: string;

const REPETITIVE: Columns = {
  n: arrow.vectorFromArray(
    Array.from({ length: 5000 }, (_, index) => index % 7),
    new arrow.Int32(),
  ),
  t: arrow.vectorFromArray(
    Array.from({ length: 5000 }, (_, index) => `text ${index % 5}`),
    new arrow.Utf8(),
  ),
};

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
  // Written before the reader is loaded, which brings decoders of its own.
  await writeCompressed('lz4.arrow', REPETITIVE);
});

async function write(name: string, columns: Columns): Promise<string> {
  const path = join(folder, name);
  const format = name.endsWith('.arrows') ? 'stream' : 'file';
  await writeFile(path, arrow.tableToIPC(new arrow.Table(columns), format));
  return path;
}

/** LZ4, as pandas and Polars write by default. */
async function writeCompressed(name: string, columns: Columns): Promise<void> {
  arrow.compressionRegistry.set(arrow.CompressionType.LZ4_FRAME, {
    encode: (data) => compressFrameSync(Buffer.from(data)),
    decode: (data) => decompressFrameSync(Buffer.from(data)),
  });
  arrow.compressionRegistry.set(arrow.CompressionType.ZSTD, { decode: (data) => decompress(data) });
  const writer = new arrow.RecordBatchFileWriter({ compressionType: arrow.CompressionType.LZ4_FRAME });
  writer.writeAll(new arrow.Table(columns).batches);
  await writeFile(join(folder, name), writer.finish().toUint8Array(true));
}

async function rowsOf(input: ResolvedInput): Promise<unknown[][]> {
  const rows = await database.rows(await rowsSql(database, input, { rowStart: 0, rowEnd: input.rows }));
  return rows.map((row) => Object.values(row));
}

/** A vector of values as they lie in the file. */
function raw(
  type: arrow.DataType,
  data: BigInt64Array | Int32Array | Uint32Array | Uint16Array,
): arrow.Vector {
  return arrow.makeVector(arrow.makeData({ type, data } as never)) as arrow.Vector;
}

const of = (values: readonly unknown[], type: arrow.DataType): arrow.Vector =>
  arrow.vectorFromArray(values, type);

/** 2026-11-21T05:00:00Z */
const SECONDS = 1_795_237_200n;

it.each<[what: string, vector: () => arrow.Vector, type: string, values: unknown[]]>([
  ['Int8', () => of([-128, 127, null], new arrow.Int8()), 'TINYINT', [-128, 127, null]],
  ['Uint8', () => of([0, 255, null], new arrow.Uint8()), 'UTINYINT', [0, 255, null]],
  ['Int16', () => of([-32768, 32767], new arrow.Int16()), 'SMALLINT', [-32768, 32767]],
  ['Uint16', () => of([0, 65535], new arrow.Uint16()), 'USMALLINT', [0, 65535]],
  ['Int32', () => of([-1, null, 2147483647], new arrow.Int32()), 'INTEGER', [-1, null, 2147483647]],
  ['Uint32', () => of([0, 4294967295], new arrow.Uint32()), 'UINTEGER', [0, 4294967295]],
  [
    'Int64',
    () => of([-1n, 2n ** 63n - 1n, null], new arrow.Int64()),
    'BIGINT',
    ['-1', '9223372036854775807', null],
  ],
  ['Uint64', () => of([0n, 2n ** 64n - 1n], new arrow.Uint64()), 'UBIGINT', ['0', '18446744073709551615']],
  ['Float16', () => of([1.5, -2], new arrow.Float16()), 'FLOAT', [1.5, -2]],
  [
    'Float32',
    () => of([0.1, Number.NaN, null], new arrow.Float32()),
    'FLOAT',
    [Math.fround(0.1), 'NaN', null],
  ],
  ['Float64', () => of([0.1, Number.NEGATIVE_INFINITY], new arrow.Float64()), 'DOUBLE', [0.1, '-Infinity']],
  ['Bool', () => of([true, false, null], new arrow.Bool()), 'BOOLEAN', [true, false, null]],
  ['Utf8', () => of(['größe', '', null], new arrow.Utf8()), 'VARCHAR', ['größe', '', null]],
  ['LargeUtf8', () => of(['größe', null], new arrow.LargeUtf8()), 'VARCHAR', ['größe', null]],
  [
    'a dictionary',
    () => of(['a', 'b', 'a', null], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8())),
    'VARCHAR',
    ['a', 'b', 'a', null],
  ],
  ['Null', () => of([null, null], new arrow.Null()), 'VARCHAR', [null, null]],
  [
    'DateDay',
    () => raw(new arrow.DateDay(), new Int32Array([0, 20_778])),
    'DATE',
    ['1970-01-01', '2026-11-21'],
  ],
  [
    'DateMillisecond',
    () => raw(new arrow.DateMillisecond(), new BigInt64Array([SECONDS * 1000n])),
    'TIMESTAMP_MS',
    ['2026-11-21 05:00:00'],
  ],
  [
    'TimestampSecond',
    () => raw(new arrow.TimestampSecond(), new BigInt64Array([SECONDS])),
    'TIMESTAMP_S',
    ['2026-11-21 05:00:00'],
  ],
  [
    'TimestampMillisecond',
    () => raw(new arrow.TimestampMillisecond(), new BigInt64Array([SECONDS * 1000n + 5n])),
    'TIMESTAMP_MS',
    ['2026-11-21 05:00:00.005'],
  ],
  [
    'TimestampMicrosecond',
    () => raw(new arrow.TimestampMicrosecond(), new BigInt64Array([SECONDS * 1_000_000n + 5n])),
    'TIMESTAMP',
    ['2026-11-21 05:00:00.000005'],
  ],
  [
    'TimestampNanosecond',
    () => raw(new arrow.TimestampNanosecond(), new BigInt64Array([SECONDS * 1_000_000_000n + 5n])),
    'TIMESTAMP_NS',
    ['2026-11-21 05:00:00.000000005'],
  ],
  [
    'TimestampMicrosecond in UTC',
    () => raw(new arrow.TimestampMicrosecond('UTC'), new BigInt64Array([SECONDS * 1_000_000n])),
    'TIMESTAMP WITH TIME ZONE',
    ['2026-11-21 05:00:00+00'],
  ],
  [
    'TimeMicrosecond',
    () => raw(new arrow.TimeMicrosecond(), new BigInt64Array([5_000_000n])),
    'TIME',
    ['00:00:05'],
  ],
  [
    'Decimal',
    () =>
      raw(
        new arrow.Decimal(2, 9, 128),
        new Uint32Array([150, 0, 0, 0, 0xffff_ff6a, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff]),
      ),
    'DECIMAL(9,2)',
    ['1.50', '-1.50'],
  ],
])('reads a column of %s', async (what, vector, type, values) => {
  for (const name of ['typed.arrow', 'typed.arrows']) {
    const input = await resolveTable(database, await write(name, { [what]: vector() }));
    expect(input).toMatchObject({ staged: true, columns: [{ name: what, type }] });
    expect((await rowsOf(input)).flat()).toEqual(values);
  }
});

describe('reads', () => {
  it('LZ4 buffers', async () => {
    const input = await resolveTable(database, join(folder, 'lz4.arrow'));
    const rows = await rowsOf(input);
    expect(rows).toHaveLength(5000);
    expect(rows[4999]).toEqual([4999 % 7, 'text 4']);
  });

  it('several batches and several files, in order', async () => {
    const part = (from: number): Columns => ({ n: of([from, from + 1], new arrow.Int32()) });
    const batches = new arrow.Table(part(0)).concat(new arrow.Table(part(2)));
    await writeFile(join(folder, '1.arrow'), arrow.tableToIPC(batches, 'file'));
    const input = await resolveTable(database, [join(folder, '1.arrow'), await write('2.arrow', part(4))]);
    expect((await rowsOf(input)).flat()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('more rows than a chunk has', async () => {
    const numbers = Array.from({ length: 5001 }, (_, index) => (index % 3 === 0 ? null : index));
    const input = await resolveTable(
      database,
      await write('long.arrow', { n: of(numbers, new arrow.Int32()) }),
    );
    expect((await rowsOf(input)).flat()).toEqual(numbers);
  });
});

it('joins files whose columns differ', async () => {
  const first = await write('a.arrow', { n: of([1], new arrow.Int32()), t: of(['x'], new arrow.Utf8()) });
  const second = await write('b.arrow', {
    N: of([0.5], new arrow.Float64()),
    b: of([true], new arrow.Bool()),
  });
  const input = await resolveTable(database, [first, second]);
  expect(input.columns).toEqual([
    { name: 'n', type: 'DOUBLE' },
    { name: 't', type: 'VARCHAR' },
    { name: 'b', type: 'BOOLEAN' },
  ]);
  expect(await rowsOf(input)).toEqual([
    [1, 'x', null],
    [0.5, null, true],
  ]);
});

it('takes the whole batches of a stream that was cut off, where the job says so', async () => {
  const tables = [1, 2].map((n) => new arrow.Table({ n: of([n, n], new arrow.Int32()) }));
  const writer = new arrow.RecordBatchStreamWriter();
  writer.writeAll(tables.flatMap(({ batches }) => batches));
  const whole = writer.finish().toUint8Array(true);
  for (const [missing, rows] of [
    [8, 4],
    [30, 2],
  ] as const) {
    const path = join(folder, `cut-${missing}.arrows`);
    await writeFile(path, whole.subarray(0, whole.length - missing));
    await expect(resolveTable(database, path)).rejects.toThrow('input.arrow.acceptCut: true');
    expect((await resolveTable(database, path, { arrow: { acceptCut: true } })).rows).toBe(rows);
  }
});

describe('says what is wrong with', () => {
  it('a column that no table can hold', async () => {
    const list = of([[1], [2]], new arrow.List(new arrow.Field('item', new arrow.Int32())));
    const input = resolveTable(database, await write('list.arrow', { tags: list }));
    await expect(input).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', fields: { column: 'tags' } });
    await expect(input).rejects.toThrow(/Column "tags" of .*list\.arrow is List/);
  });

  it('files whose types have none in common', async () => {
    const first = await write('1.arrow', { n: of([1n], new arrow.Int64()) });
    const second = await write('2.arrow', { n: of(['x'], new arrow.Utf8()) });
    await expect(resolveTable(database, [first, second])).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining(`Column "n" is BIGINT in ${first} and VARCHAR in ${second}`),
    });
  });

  it('an instant that microseconds cannot hold', async () => {
    const type = new arrow.Timestamp(arrow.TimeUnit.NANOSECOND, 'UTC');
    const vector = (time: bigint): arrow.Vector =>
      arrow.makeVector(arrow.makeData({ type, data: BigInt64Array.from([time]) }) as never);
    const kept = await resolveTable(
      database,
      await write('ns.arrow', { at: vector(1_700_000_000_123_456_000n) }),
    );
    expect(await rowsOf(kept)).toEqual([['2023-11-14 22:13:20.123456+00']]);
    await expect(
      resolveTable(database, await write('ns2.arrow', { at: vector(1_700_000_000_123_456_789n) })),
    ).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining('Column "at" holds the instant 1700000000123456789'),
    });
  });

  it('a file that was cut off', async () => {
    const whole = arrow.tableToIPC(new arrow.Table(REPETITIVE), 'stream');
    const path = join(folder, 'cut.arrows');
    await writeFile(path, whole.subarray(0, whole.length / 2));
    await expect(resolveTable(database, path)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  });
});
