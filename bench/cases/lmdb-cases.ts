import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { modelFile } from '../data/models.ts';
import { JOB } from '../project/project.ts';
import { commitRun, measurePublish } from '../project/serve-batch.ts';
import { type BenchCase, resultOf } from './bench-case.ts';
import { inferenceAlone, SERVE_BATCH_NAME, serveBatchRun, shareOfInference } from './contenders.ts';

/** The store in the output folder of the project. */
const LMDB_URL = `lmdb:out/${JOB}/kv`;

export const lmdbLoad: BenchCase = {
  name: 'lmdb-load',
  about: 'loading LMDB from the parts (serve-batch publish)',
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: 5 + rows * 2e-6, round: 2 + rows * 0.8e-6 }),
  async prepare(bench, rows) {
    const run = await commitRun(bench.data, {
      model: await modelFile(bench.data, 'trees'),
      input: await bench.data.table(rows),
      kvUrl: LMDB_URL,
      rows,
      flags: bench.runFlags,
    });
    return {
      contenders: [
        {
          name: SERVE_BATCH_NAME,
          measure: async () => {
            await rm(join(run.folder, 'out', JOB, 'kv'), { recursive: true, force: true });
            return measurePublish(run, rows);
          },
        },
      ],
      figures: (results) => [
        {
          title: 'loading LMDB',
          value: resultOf(results, SERVE_BATCH_NAME).rowsPerSecond,
          unit: 'rows/s',
          target: { atLeast: 1_000_000 },
        },
      ],
      release: () => rm(run.folder, { recursive: true, force: true }),
    };
  },
};

export const treesLmdb: BenchCase = {
  name: 'trees-lmdb',
  about: 'trees, Parquet to Parquet and LMDB, beside inference alone',
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: rows * 1.5e-6, round: 5 + rows * 5e-6 }),
  async prepare(bench, rows) {
    const table = await bench.data.table(rows);
    const model = await modelFile(bench.data, 'trees');
    return {
      contenders: [
        serveBatchRun(bench, { model, input: table, kvUrl: LMDB_URL, rows }),
        inferenceAlone(bench, { model, table, rows }),
      ],
      figures: (results) => [
        shareOfInference(results, 'trees with LMDB, end to end, by inference alone', { atLeast: 0.9 }),
      ],
    };
  },
};
