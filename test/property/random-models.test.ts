import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { ModelSession } from '../../src/inference/model-session.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';
import { onnxFile, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { scoreTable } from '../support/score-table.ts';
import { type RandomModel, randomModel } from './random-models.ts';

const MODELS = Array.from({ length: 80 }, (_, seed) => randomModel(seed));

/** No multiple of a fixed batch. */
const ROWS = 23;

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

/** Values of a row, always the same ones, that float32 holds. */
function valuesOf(row: number, width: number): number[] {
  return Array.from({ length: width }, (_, column) => Math.fround(Math.sin(row * 31 + column * 7 + 1)));
}

/** What ONNX Runtime gives for each row alone. */
async function rowByRow({ open, rowShape }: RandomModel): Promise<number[][]> {
  const session = await ModelSession.openBytes('open', onnxFile(open), { threads: 1 });
  const width = rowShape.reduce((all, size) => all * size, 1);
  const rows: number[][] = [];
  try {
    for (let row = 0; row < ROWS; row++) {
      const data = Float32Array.from(valuesOf(row, width));
      const outputs = await session.run(new Map([['x', { data, dims: [1, ...rowShape] }]]), ['y']);
      rows.push(Array.from(outputs.get('y')?.data as Float32Array));
    }
  } finally {
    await session.close();
  }
  return rows;
}

async function scored({ graph, rowShape }: RandomModel): Promise<number[][]> {
  const width = rowShape.reduce((all, size) => all * size, 1);
  const features = Array.from({ length: width }, (_, column) => `c${column}`);
  const model = await writeOnnx(join(folder, 'm.onnx'), graph);
  const input = join(folder, 'rows.parquet');
  const rows = Array.from({ length: ROWS }, (_, row) => `(${valuesOf(row, width).join(', ')})`);
  await database.run(
    `COPY (SELECT COLUMNS(*)::FLOAT FROM (VALUES ${rows.join(', ')}) t(${features.join(', ')})) TO '${input}' (FORMAT parquet)`,
  );
  const found = await scoreTable(database, { model, inputs: [input], features, batchSize: 7 });
  expect(found.plan.model.warnings).toEqual([]);
  return found.rows.map(({ y }) => [y].flat() as number[]);
}

it.each(MODELS)('$name', async (model) => {
  if (!model.isServable) {
    await expect(scored(model)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED', exitCode: 3 });
    return;
  }
  const [found, expected] = [await scored(model), await rowByRow(model)];
  expect(found.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  // Sums of a call of several rows may run in another order.
  const wrong = expected.filter((row, at) =>
    row.some(
      (value, index) => Math.abs(value - (found[at]?.[index] ?? Number.NaN)) > 1e-5 * (1 + Math.abs(value)),
    ),
  );
  expect(wrong).toEqual([]);
});

it('models of both kinds are among them', () => {
  const servable = MODELS.filter(({ isServable }) => isServable).length;
  expect(servable).toBeGreaterThan(40);
  expect(MODELS.length - servable).toBeGreaterThan(5);
});
