import { modelFile } from '../data/models.ts';
import type { BenchCase } from './bench-case.ts';
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
