import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase, parquetRows } from '../support/database.ts';
import { makeProject, type Project } from '../support/project.ts';
import { scoreTable } from '../support/score-table.ts';
import { corpusFile, describeCorpus } from './corpus.ts';

/** One tensor of an `io.json`. */
interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly (number | readonly number[])[];
}

/** Models with an `io.json`: one input of 13 columns, and what one output of them must be. */
const WITH_ANSWERS = [
  { model: 'lgbm_classifier_tensor', output: 'probabilities' },
  { model: 'lgbm_regressor_tensor', output: 'output' },
  { model: 'xgboost_classifier_tree', output: 'probabilities' },
  { model: 'xgboost_regressor_tree', output: 'variable' },
] as const;

/** Models without answers, and how many columns they take. */
const WITHOUT_ANSWERS = [
  { model: 'linear_classifier', columns: 12, outputs: ['label', 'probabilities'] },
  { model: 'linear_regressor', columns: 21, outputs: ['variable'] },
] as const;

/** float32 sums in another order: batches of one row and of two differ in the last bit. */
const RELATIVE_TOLERANCE = 1e-5;

describeCorpus('onnx/tabular', () => {
  let project: Project;
  let database: Database;

  beforeAll(async () => {
    project = await makeProject({ fixtures: false, jobs: {} });
    database = await openDatabase();
  });

  it.each(WITH_ANSWERS)('$model gives the answers that came with it', async ({ model, output }) => {
    const folder = corpusFile('onnx/tabular', model);
    const io = JSON.parse(await readFile(`${folder}/io.json`, 'utf8')) as Record<string, Tensor>;
    const rows = io.input?.data as readonly (readonly number[])[];
    const names = (rows[0] ?? []).map((_, index) => `f${index}`);
    const table = [names, ...rows].map((row) => row.join(',')).join('\n');
    const input = await project.write(`${model}.csv`, `${table}\n`);

    const flags = [
      '--model',
      `${folder}/model.onnx`,
      '--features',
      names.join(','),
      '--output',
      `${model}.parquet`,
    ];
    await project.run(['--input', input, ...flags, '--processes', '1']);

    const found = await parquetRows(database, project.path(`${model}.parquet`));
    expectNear(
      found.flatMap((row) => row[output]),
      io[output]?.data.flat() ?? [],
    );
  });

  it.each(WITHOUT_ANSWERS)('$model scores every row the same way', async ({ model, columns, outputs }) => {
    const names = Array.from({ length: columns }, (_, index) => `f${index}`);
    const row = names.map((_, index) => index / 8).join(',');
    const input = await project.write(`${model}.csv`, `${[names.join(','), row, row, row].join('\n')}\n`);
    const path = `${corpusFile('onnx/tabular', model)}/model.onnx`;
    const { rows } = await scoreTable(database, {
      model: path,
      inputs: [project.path(input)],
      features: names,
      batchSize: 2,
    });
    expect(Object.keys(rows[0] ?? {})).toEqual(outputs);
    expect(rows).toHaveLength(3);
    for (const row of rows) expectNear(Object.values(row).flat(), Object.values(rows[0] ?? {}).flat());
  });
});

function expectNear(found: readonly unknown[], expected: readonly unknown[]): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, index) => {
    const wanted = Number(expected[index]);
    expect(Math.abs(Number(value) - wanted)).toBeLessThanOrEqual(RELATIVE_TOLERANCE * Math.abs(wanted));
  });
}
