import { modelFile } from '../data/models.ts';
import { measureCsvCopy } from '../limits/csv-copy.ts';
import {
  type Bench,
  type BenchCase,
  type Contender,
  type Figure,
  type Results,
  resultOf,
} from './bench-case.ts';
import { duckDbCopy, inferenceAlone, otherWork, serveBatchRun, shareOfInference } from './contenders.ts';

export const treesCsv: BenchCase = {
  name: 'trees-csv',
  about: "trees, CSV to Parquet, beside inference alone and DuckDB's own COPY from CSV",
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: rows * 3e-6, round: 5 + rows * 5e-6 }),
  async prepare(bench, rows) {
    const csv = await bench.data.table(rows, 'csv');
    const table = await bench.data.table(rows);
    const model = await modelFile(bench.data, 'trees');
    return {
      contenders: [
        serveBatchRun(bench, { model, input: csv, kvUrl: 'none', rows }),
        inferenceAlone(bench, { model, table, rows }),
        duckDbCopy(bench, { from: csv, rows }),
      ],
      figures: (results) => [
        shareOfInference(results, 'trees, CSV to Parquet, by inference alone', { atLeast: 1.2 }),
        otherWork(results, 'everything but inference by COPY from CSV, CPU (trees)', null),
      ],
    };
  },
};

const STAGING = "serve-batch's staging";
const COPY = "DuckDB's COPY of all columns";

export const csvStaging: BenchCase = {
  name: 'csv-staging',
  about: "CSV into typed Parquet, each cell checked, beside DuckDB's own COPY from CSV",
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: rows * 3e-6, round: 2 + rows * 2e-6 }),
  async prepare(bench, rows) {
    const from = await bench.data.table(rows, 'csv');
    return {
      contenders: [
        copier(bench, STAGING, { from, rows, by: 'staging' }),
        copier(bench, COPY, { from, rows, by: 'copy' }),
      ],
      figures: stagingFigures,
    };
  },
};

function copier(
  { data, cores }: Bench,
  name: string,
  request: { readonly from: string; readonly rows: number; readonly by: 'staging' | 'copy' },
): Contender {
  return { name, measure: () => measureCsvCopy(data, { ...request, threads: cores }) };
}

function stagingFigures(results: Results): readonly Figure[] {
  const [staging, copy] = [resultOf(results, STAGING), resultOf(results, COPY)];
  const megabytes = (staging.memory?.largestBytes ?? Number.NaN) / 1e6;
  return [
    {
      title: "staging a CSV by DuckDB's COPY from CSV, CPU",
      value: (staging.cpuSeconds ?? Number.NaN) / (copy.cpuSeconds ?? Number.NaN),
      unit: 'x',
      target: { atMost: 1.2 },
    },
    { title: 'peak memory of staging a CSV', value: megabytes, unit: 'MB', target: { atMost: 400 } },
  ];
}
