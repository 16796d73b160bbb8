import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ElementType } from '../../../src/core/model.ts';
import type { PredictionBinding } from '../../../src/core/plan.ts';
import type { TensorData } from '../../../src/core/tensor-data.ts';
import { writeParquet } from '../../../src/sinks/parquet/part-file.ts';
import { PredictionTable } from '../../../src/sinks/parquet/prediction-table.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

function binding(changes: Partial<PredictionBinding> = {}): PredictionBinding {
  return { output: 'y', elementType: 'float32', width: 1, shape: 'scalar', columns: ['y'], ...changes };
}

/** Fills a table and returns its rows, the rejected ones included. */
async function rowsOf(
  bindings: readonly PredictionBinding[],
  fill: (table: PredictionTable) => void,
): Promise<Record<string, unknown>[]> {
  const table = await PredictionTable.create(database, bindings);
  fill(table);
  table.close();
  const rows = await database.rows(
    `SELECT ${[...table.selectList(), 'scored'].join(', ')} FROM ${table.tableName}`,
  );
  await table.drop();
  return rows;
}

it.each<[type: ElementType, data: TensorData, becomes: unknown[]]>([
  ['float32', new Float32Array([0.1, Number.NaN]), [Math.fround(0.1), 'NaN']],
  ['float64', new Float64Array([0.1, Number.NEGATIVE_INFINITY]), [0.1, '-Infinity']],
  ['float16', new Uint16Array([0x3c00, 0xfc00]), [1, '-Infinity']],
  ['int8', new Int8Array([-128, 127]), [-128, 127]],
  ['uint8', new Uint8Array([0, 255]), [0, 255]],
  ['int16', new Int16Array([-32768, 32767]), [-32768, 32767]],
  ['uint16', new Uint16Array([0, 65535]), [0, 65535]],
  ['int32', new Int32Array([-1, 2147483647]), [-1, 2147483647]],
  ['uint32', new Uint32Array([0, 4294967295]), [0, 4294967295]],
  ['int64', new BigInt64Array([-1n, 2n ** 63n - 1n]), ['-1', '9223372036854775807']],
  ['uint64', new BigUint64Array([0n, 2n ** 64n - 1n]), ['0', '18446744073709551615']],
  ['bool', new Uint8Array([1, 0]), [true, false]],
  ['string', ['größe', ''], ['größe', '']],
])('holds what a model gives of %s', async (elementType, data, becomes) => {
  const rows = await rowsOf([binding({ elementType })], (table) => {
    table.appendRejected(1);
    table.appendScored([data], 0, 2);
  });
  expect(rows.map(({ y }) => y).slice(1)).toEqual(becomes);
  expect(rows.map(({ scored }) => scored)).toEqual([false, true, true]);
});

describe('lays an output of several values a row down', () => {
  const data = new Float32Array([1, 2, 3, 10, 20, 30]);

  it('as a list', async () => {
    const rows = await rowsOf([binding({ width: 3, shape: 'list', columns: ['p'] })], (table) =>
      table.appendScored([data], 0, 2),
    );
    expect(rows.map(({ p }) => p)).toEqual([
      [1, 2, 3],
      [10, 20, 30],
    ]);
  });

  it('as columns, beside another output', async () => {
    const bindings = [
      binding({ output: 'label', elementType: 'int64', columns: ['label'] }),
      binding({ width: 3, shape: 'columns', columns: ['p_0', 'p_1', 'p_2'] }),
    ];
    const rows = await rowsOf(bindings, (table) =>
      table.appendScored([new BigInt64Array([7n, 8n]), data], 1, 2),
    );
    expect(rows).toEqual([{ label: '8', p_0: 10, p_1: 20, p_2: 30, scored: true }]);
  });
});

describe('the bytes of a part', () => {
  const ROWS = 5000;
  const values = Float32Array.from({ length: ROWS }, (_, index) => Math.sin(index));

  /** Appends in pieces of `batch` rows; every 1,000th row is rejected. */
  async function partHash(batch: number): Promise<string> {
    const table = await PredictionTable.create(database, [binding()]);
    for (let row = 0; row < ROWS; ) {
      if (row % 1000 === 0) {
        table.appendRejected(1);
        row += 1;
        continue;
      }
      const end = Math.min(row + batch, Math.ceil(row / 1000) * 1000, ROWS);
      table.appendScored([values], row, end);
      row = end;
    }
    expect(table.rows).toBe(ROWS);
    table.close();
    const select = `SELECT ${table.selectList().join(', ')} FROM ${table.tableName} WHERE scored`;
    const { sha256 } = await writeParquet(database, select, join(folder, `${batch}.parquet`), 'zstd');
    await table.drop();
    return sha256;
  }

  it('do not depend on the batch size', async () => {
    const first = await partHash(1);
    for (const batch of [7, 512, 2048, 2049, 5000]) expect(await partHash(batch)).toBe(first);
  });
});
