import { MODELS, type ModelName, modelFile } from '../data/models.ts';
import type { Bench, BenchCase, Figure, PreparedCase, Results } from './bench-case.ts';
import { resultOf } from './bench-case.ts';
import {
  duckDbCopy,
  INFERENCE_ALONE,
  inferenceAlone,
  otherWork,
  SERVE_BATCH_NAME,
  serveBatchRun,
  shareOfInference,
} from './contenders.ts';

const SMALL_NET_ROWS_PER_SECOND = 3_000_000;
const SMALL_NET_INFERENCE_ROWS_PER_SECOND = 8_000_000;

export const treesParquet = parquetCase('trees-parquet', 'trees', 4.5e-6, (results) => [
  shareOfInference(results, 'trees, Parquet to Parquet, by inference alone', { atLeast: 2 }),
  otherWork(results, 'everything but inference by COPY, CPU (trees)', null),
]);

export const smallNetParquet = parquetCase('small-net-parquet', 'small-net', 1e-6, (results) => [
  smallNetSpeed(results),
  shareOfInference(results, 'small network, Parquet to Parquet, by inference alone', null),
  otherWork(results, 'everything but inference by COPY, CPU (small network)', { atMost: 2.5 }),
]);

export const wideNetParquet = parquetCase('wide-net-parquet', 'wide-net', 3e-6, (results) => [
  shareOfInference(results, 'wide network, Parquet to Parquet, by inference alone', null),
  otherWork(results, 'everything but inference by COPY, CPU (wide network)', null),
]);

export const linearParquet = parquetCase('linear-parquet', 'linear', 0.8e-6, (results) => [
  shareOfInference(results, 'linear, Parquet to Parquet, by inference alone', null),
  otherWork(results, 'everything but inference by COPY, CPU (linear)', { atMost: 2 }),
]);

function parquetCase(
  name: string,
  model: ModelName,
  secondsPerRow: number,
  figures: (results: Results) => readonly Figure[],
): BenchCase {
  return {
    name,
    about: `${MODELS[model].title}, Parquet to Parquet, beside inference alone and DuckDB's own COPY`,
    runs: 'each',
    estimateSeconds: (rows) => ({ prepare: rows * 1.5e-6, round: 5 + rows * secondsPerRow }),
    prepare: (bench, rows) => prepareParquet(bench, rows, model, figures),
  };
}

async function prepareParquet(
  bench: Bench,
  rows: number,
  modelName: ModelName,
  figures: (results: Results) => readonly Figure[],
): Promise<PreparedCase> {
  const table = await bench.data.table(rows);
  const model = await modelFile(bench.data, modelName);
  return {
    contenders: [
      serveBatchRun(bench, { model, input: table, kvUrl: 'none', rows }),
      inferenceAlone(bench, { model, table, rows }),
      duckDbCopy(bench, { from: table, rows }),
    ],
    figures,
  };
}

/** 3 M rows/s are wanted where inference alone gives 8 M or more; on a slower machine, in proportion. */
function smallNetSpeed(results: Results): Figure {
  const { rowsPerSecond: inference } = resultOf(results, INFERENCE_ALONE);
  return {
    title: 'small network, Parquet to Parquet',
    value: resultOf(results, SERVE_BATCH_NAME).rowsPerSecond,
    unit: 'rows/s',
    target: {
      atLeast: SMALL_NET_ROWS_PER_SECOND * Math.min(1, inference / SMALL_NET_INFERENCE_ROWS_PER_SECOND),
    },
    note: `inference alone: ${(inference / 1e6).toFixed(1)} M/s`,
  };
}
